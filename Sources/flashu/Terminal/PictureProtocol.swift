import ArgumentParser
package import Foundation
package import Images

/// How a terminal shows pictures.
package enum PictureProtocol: String, CaseIterable {
    /// kitty's graphics protocol: kitty, Ghostty, Konsole.
    case kitty
    /// iTerm2's inline images: iTerm2, WezTerm, mintty.
    case iterm
    /// DEC's sixels: xterm, foot, mlterm, Windows Terminal.
    case sixel

    /// What the terminal has, by its environment, or else by what it answers when it is asked for its attributes (DA1, which every terminal
    /// understands).
    ///
    /// - Parameter attributes: asks; nil = it does not answer.
    package static func detected(_ environment: [String: String], attributes: () -> String?) -> PictureProtocol? {
        let term = environment["TERM"] ?? ""
        guard !term.isEmpty, term != "dumb", term != "linux" else { return nil }
        // A multiplexer inherits the variables of the terminal around it, and does not pass its protocol on.
        let isMultiplexed =
            environment["TMUX"] != nil || environment["STY"] != nil || term.hasPrefix("screen")
            || term.hasPrefix("tmux")
        if !isMultiplexed {
            let program = environment["TERM_PROGRAM"] ?? ""
            if environment["KITTY_WINDOW_ID"] != nil || term == "xterm-kitty" || term == "xterm-ghostty"
                || program == "ghostty" || environment["KONSOLE_VERSION"] != nil
            {
                return .kitty
            }
            if ["iTerm.app", "WezTerm", "mintty"].contains(program) || environment["LC_TERMINAL"] == "iTerm2" {
                return .iterm
            }
        }
        // ESC [ ? 62 ; 4 ; 22 c: 4 stands for sixels.
        guard let answer = attributes(), let start = answer.range(of: "\u{1B}[?"), answer.hasSuffix("c") else {
            return nil
        }
        return answer[start.upperBound...].dropLast().split(separator: ";").dropFirst().contains("4") ? .sixel : nil
    }

    /// The terminal at hand; nil where standard output is none.
    static func ofThisTerminal() -> PictureProtocol? {
        guard isatty(0) == 1, isatty(1) == 1 else { return nil }
        return detected(ProcessInfo.processInfo.environment) {
            guard let before = Keyboard.raw() else { return nil }
            defer { Keyboard.restore(before) }
            guard !Keyboard.isWaiting, (try? Terminal.write("\u{1B}[c", terminator: "")) != nil else { return nil }
            var answer = ""
            let deadline = ContinuousClock.now + .milliseconds(300)
            while ContinuousClock.now < deadline, answer.utf8.count < 64 {
                guard let byte = Keyboard.byte(within: 50) else { continue }
                guard byte >= 0, let scalar = Unicode.Scalar(UInt32(byte)) else { return nil }
                answer.unicodeScalars.append(scalar)
                if answer.hasSuffix("c"), answer.contains("\u{1B}[?") { return answer }
            }
            return nil
        }
    }

    /// What shows an image, as bytes for the terminal.
    /// - Throws: `ImageError`.
    package func bytes(_ image: RGBImage) throws -> Data {
        switch self {
        case .kitty:
            // Base64 in pieces of 4096, all but the last with m=1.
            let text = Array(try image.pngData().base64EncodedString().utf8)
            var data = Data()
            for start in stride(from: 0, to: max(1, text.count), by: 4096) {
                let end = min(start + 4096, text.count)
                let head = (start == 0 ? "f=100,a=T," : "") + "m=\(end < text.count ? 1 : 0)"
                data += Data("\u{1B}_G\(head);".utf8) + Data(text[start..<end]) + Data("\u{1B}\\".utf8)
            }
            return data + Data("\n".utf8)
        case .iterm:
            let png = try image.pngData()
            return Data(
                "\u{1B}]1337;File=inline=1;size=\(png.count);width=\(image.width)px;height=\(image.height)px:\(png.base64EncodedString())\u{07}\n"
                    .utf8)
        case .sixel: return Data((Sixels.text(image) + "\n").utf8)
        }
    }
}

/// `--show`.
enum PictureShowing: String, CaseIterable, ExpressibleByArgument {
    case auto, kitty, iterm, sixel, none

    /// The protocol; nil = pictures are not shown.
    func resolved() -> PictureProtocol? {
        self == .auto ? PictureProtocol.ofThisTerminal() : PictureProtocol(rawValue: rawValue)
    }
}

/// An image as sixels: six rows of pixels at a time, colour by colour, in a fixed palette of 6 x 7 x 6 colours with ordered dithering.
package enum Sixels {
    private static let levels = (red: 6, green: 7, blue: 6)
    /// Bayer's 4 x 4 thresholds.
    private static let thresholds: [Double] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map {
        ($0 + 0.5) / 16 - 0.5
    }

    /// The control string.
    package static func text(_ image: RGBImage) -> String {
        var out = "\u{1B}Pq\"1;1;\(image.width);\(image.height)"
        func percent(_ level: Int, _ levels: Int) -> Int { (level * 100 + (levels - 1) / 2) / (levels - 1) }
        let places = indices(image)
        for index in Set(places).sorted() {
            let (red, rest) = (index / (levels.green * levels.blue), index % (levels.green * levels.blue))
            out +=
                "#\(index);2;\(percent(red, levels.red));\(percent(rest / levels.blue, levels.green));\(percent(rest % levels.blue, levels.blue))"
        }
        for top in stride(from: 0, to: image.height, by: 6) {
            let rows = top..<min(top + 6, image.height)
            var bits: [Int: [UInt8]] = [:]  // of each colour of the band, a byte a column
            for row in rows {
                for column in 0..<image.width {
                    bits[places[row * image.width + column], default: Array(repeating: 0, count: image.width)][
                        column] |=
                        1 << UInt8(row - top)
                }
            }
            for (index, columns) in bits.sorted(by: { $0.key < $1.key }) {
                out += "#\(index)" + runs(columns) + "$"
            }
            out += "-"
        }
        return out + "\u{1B}\\"
    }

    /// Columns as characters, repetitions counted.
    private static func runs(_ columns: [UInt8]) -> String {
        var (out, start) = ("", 0)
        while start < columns.count {
            let length = columns[start...].prefix { $0 == columns[start] }.count
            let character = String(UnicodeScalar(63 + columns[start]))
            out += length > 3 ? "!\(length)\(character)" : String(repeating: character, count: length)
            start += length
        }
        return out
    }

    /// The palette's place of each pixel.
    private static func indices(_ image: RGBImage) -> [Int] {
        func level(_ value: UInt8, _ levels: Int, _ threshold: Double) -> Int {
            let exact = Double(value) / 255 * Double(levels - 1) + threshold
            return min(levels - 1, max(0, Int(exact.rounded())))
        }
        return (0..<image.width * image.height).map { place in
            let threshold = thresholds[(place / image.width) % 4 * 4 + (place % image.width) % 4]
            let pixel = image.pixels[3 * place..<3 * place + 3]
            let red = level(pixel[3 * place], levels.red, threshold)
            let green = level(pixel[3 * place + 1], levels.green, threshold)
            let blue = level(pixel[3 * place + 2], levels.blue, threshold)
            return (red * levels.green + green) * levels.blue + blue
        }
    }
}
