/// The frame that all plots share: a drawing with title, description, axes and legend, to stand inside a page.
///
/// Colours are classes of the page's style, so that they follow light and dark: `gen`, `und`, `both`, `none`.
package struct Plot {
    /// An entry of the legend.
    package struct Key {
        package let label: String
        package let style: String

        package init(label: String, style: String) { (self.label, self.style) = (label, style) }
    }

    /// Unique in the page.
    package let id: String
    package let title: String
    /// What a reader who can't see it should know.
    package let description: String
    package var width: Double
    package var height: Double
    /// Room for the axes.
    package var left: Double
    /// See ``left``.
    package var right: Double
    /// See ``left``; title and legend stand there.
    package var top: Double
    /// See ``left``.
    package var bottom: Double
    package var legend: [Key]

    /// A frame.
    package init(
        id: String, title: String, description: String, width: Double = 720, height: Double = 320, left: Double = 58,
        right: Double = 14, top: Double = 54, bottom: Double = 44, legend: [Key] = []
    ) {
        (self.id, self.title, self.description, self.legend) = (id, title, description, legend)
        (self.width, self.height) = (width, height)
        (self.left, self.right, self.top, self.bottom) = (left, right, top, bottom)
    }

    package var innerLeft: Double { left }
    package var innerRight: Double { width - right }
    package var innerTop: Double { top }
    package var innerBottom: Double { height - bottom }

    /// The drawing.
    package func svg(_ body: [String]) -> String {
        let head = [
            Markup.element("title", ["id": "\(id)-title"], Markup.escaped(title)),
            Markup.element("desc", ["id": "\(id)-desc"], Markup.escaped(description)),
        ]
        return Markup.element(
            "svg",
            [
                "viewBox": "0 0 \(Markup.place(width)) \(Markup.place(height))", "role": "img",
                "aria-labelledby": "\(id)-title \(id)-desc",
            ], "\n" + (head + [text("heading", 8, 18, title)] + keys + body).joined(separator: "\n") + "\n")
    }

    /// The horizontal axis: a line, and labels at places.
    package func bottomAxis(_ label: String, _ ticks: [(place: Double, label: String)]) -> [String] {
        let y = innerBottom
        return [line("axis", innerLeft, y, innerRight, y)]
            + ticks.map { text("tick middle", $0.place, y + 16, $0.label) }
            + [text("label middle", (innerLeft + innerRight) / 2, height - 6, label)]
    }

    /// The vertical axis: labels and grid lines at values of a scale.
    package func leftAxis(_ label: String, _ scale: Scale, _ shown: (Double) -> String = Markup.number) -> [String] {
        let middle = (innerTop + innerBottom) / 2
        return scale.ticks().flatMap { value in
            let y = scale(value)
            return [line("grid", innerLeft, y, innerRight, y), text("tick end", left - 6, y + 4, shown(value))]
        } + [
            Markup.element(
                "text",
                ["class": "label middle", "transform": "translate(14 \(Markup.place(middle))) rotate(-90)"],
                Markup.escaped(label))
        ]
    }

    /// A line.
    package func line(_ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        Markup.element("path", ["class": style, "d": Self.path([(x1, y1), (x2, y2)])])
    }

    /// Text at a place.
    package func text(_ style: String, _ x: Double, _ y: Double, _ text: String) -> String {
        Markup.element(
            "text", ["class": style, "x": Markup.place(x), "y": Markup.place(y)], Markup.escaped(text))
    }

    /// A rectangle with a tooltip.
    package func bar(
        _ style: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double, tip: String
    ) -> String {
        Markup.element(
            "rect",
            [
                "class": style, "x": Markup.place(x), "y": Markup.place(y), "width": Markup.place(max(0, width)),
                "height": Markup.place(max(0, height)),
            ], Self.tip(tip))
    }

    /// A dot with a tooltip.
    package func dot(_ style: String, _ x: Double, _ y: Double, radius: Double = 3, tip: String) -> String {
        Markup.element(
            "circle",
            ["class": style, "cx": Markup.place(x), "cy": Markup.place(y), "r": Markup.place(radius)],
            Self.tip(tip))
    }

    /// What the pointer shows.
    package static func tip(_ text: String) -> String { Markup.element("title", [:], Markup.escaped(text)) }

    /// Points joined by lines.
    package static func path(_ points: [(Double, Double)]) -> String {
        points.enumerated().map { ($0 == 0 ? "M" : "L") + Markup.place($1.0) + " " + Markup.place($1.1) }.joined()
    }

    /// The legend, above the plot.
    private var keys: [String] {
        var x = innerLeft
        return legend.flatMap { key in
            defer { x += 30 + 7.2 * Double(key.label.count) }
            return [
                Markup.element(
                    "rect",
                    ["class": key.style, "x": Markup.place(x), "y": "28", "width": "12", "height": "12"]),
                text("tick", x + 18, 38, key.label),
            ]
        }
    }
}
