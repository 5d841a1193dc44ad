/// The frame and the pieces of pages that need nothing else: plots are inline SVG, numbers stand in tables, there is no script.
package enum PageParts {
    /// The document.
    package static func document(_ title: String, _ body: [String]) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(Markup.escaped(title))</title>
        <style>
        \(PageStyle.css)
        </style>
        </head>
        <body>
        <main>
        <h1>\(Markup.escaped(title))</h1>
        \(body.joined(separator: "\n"))
        </main>
        </body>
        </html>

        """
    }

    /// A section with a heading.
    package static func section(_ heading: String, _ pieces: [String]) -> String {
        Markup.element(
            "section", [:],
            "\n" + Markup.element("h2", [:], Markup.escaped(heading)) + "\n"
                + pieces.joined(separator: "\n") + "\n")
    }

    /// A paragraph of text.
    package static func paragraph(_ text: String) -> String { Markup.element("p", [:], Markup.escaped(text)) }

    /// What the model says, set apart from what is explained.
    package static func finding(_ text: String) -> String {
        Markup.element("p", ["class": "finding"], Markup.escaped(text))
    }

    /// A drawing with a caption.
    package static func figure(_ markup: String, _ caption: String) -> String {
        Markup.element("figure", [:], markup + "\n" + Markup.element("figcaption", [:], Markup.escaped(caption)))
    }

    /// Numbers, folded away unless `isOpen`.
    package static func table(
        _ summary: String, _ head: [String], _ rows: [[String]], isOpen: Bool = false
    ) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            Markup.element("tr", [:], cells.map { Markup.element(tag, [:], Markup.escaped($0)) }.joined())
        }
        let content =
            Markup.element("summary", [:], Markup.escaped(summary))
            + Markup.element(
                "table", [:],
                Markup.element("thead", [:], row(head, "th"))
                    + Markup.element("tbody", [:], rows.map { row($0, "td") }.joined(separator: "\n")))
        return isOpen ? Markup.element("details", ["open": "open"], content) : Markup.element("details", [:], content)
    }
}
