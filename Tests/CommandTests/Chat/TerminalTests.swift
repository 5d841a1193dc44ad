import FlashUTesting
import Foundation
import Images
import Testing
import flashu

@Suite("Typing, showing pictures, and text that drives no terminal") struct TerminalTests {
    /// What a line is after keys.
    private func line(_ keys: String, history: [String] = []) -> (text: String, cursor: Int, last: LineEditor.Outcome) {
        var editor = LineEditor()
        for line in history { editor.remember(line) }
        editor.begin()
        var last = LineEditor.Outcome.edited
        for byte in keys.utf8 { last = editor.take(byte) }
        return (String(editor.text), editor.cursor, last)
    }

    @Test func keys() {
        let (left, up, down) = ("\u{1B}[D", "\u{1B}[A", "\u{1B}OB")
        #expect(line("abc").text == "abc" && line("abc\(left)\(left)x").text == "axbc")
        #expect(line("añ😀\u{7F}").text == "añ" && line("e\u{301}\u{8}").text == "")
        #expect(line("abc\u{1}x\u{5}y").text == "xabcy" && line("abc\u{1}\u{4}").text == "bc")
        #expect(
            line("one two\u{17}").text == "one " && line("one\u{1}\u{B}").text == "" && line("one\u{15}").text == "")
        #expect(line("abc\u{1B}[H\u{1B}[3~").text == "bc" && line("abc\u{1B}[1~x\u{1B}[4~y").text == "xabcy")
        #expect(line("abc\r").last == .entered("abc") && line("abc\u{3}").last == .interrupted)
        #expect(line("\u{4}").last == .ended && line("a\u{4}").last == .edited)
        #expect(line(up, history: ["x", "y"]).text == "y" && line(up + up + up, history: ["x", "y"]).text == "x")
        #expect(line("draft" + up + down, history: ["x"]).text == "draft")
        // Unknown sequences and bytes that are no text leave the line as it is.
        #expect(line("a\u{1B}[200~b\u{1B}[1;5Cc").text == "abc")
    }

    @Test func brokenBytes() {
        var editor = LineEditor()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            _ = editor.take(UInt8.random(in: 0...255, using: &generator))
            #expect((0...editor.text.count).contains(editor.cursor))
            _ = editor.view(columns: Int.random(in: 0...90, using: &generator))
        }
    }

    /// A long line scrolls so that the cursor is seen; wide characters take two columns.
    @Test func view() {
        var editor = LineEditor()
        for byte in "abcdefghij漢字".utf8 { _ = editor.take(byte) }
        let seen = editor.view(columns: 8)
        #expect(seen.text == "hij漢字" && seen.column == 7)
        #expect(LineEditor.width("漢a") == 3)
    }

    @Test(
        "What a terminal has",
        arguments: [
            (["TERM": "xterm-kitty"], nil, "kitty"), (["TERM": "xterm", "KITTY_WINDOW_ID": "1"], nil, "kitty"),
            (["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"], nil, "iterm"),
            (["TERM": "xterm"], "\u{1B}[?64;1;4;22c", "sixel"), (["TERM": "xterm"], "\u{1B}[?64;1;22c", nil),
            (["TERM": "xterm"], nil, nil), (["TERM": "dumb"], "\u{1B}[?64;4c", nil), ([:], "\u{1B}[?64;4c", nil),
            (["TERM": "xterm"], "4c", nil),
            // Inside a multiplexer the variables are those of the terminal around it.
            (["TERM": "screen", "KITTY_WINDOW_ID": "1"], "\u{1B}[?1;2c", nil),
            (["TERM": "tmux-256color", "TMUX": "x", "TERM_PROGRAM": "WezTerm"], "\u{1B}[?1;2;4c", "sixel"),
        ] as [([String: String], String?, String?)])
    func detection(environment: [String: String], answer: String?, expected: String?) {
        #expect(PictureProtocol.detected(environment) { answer }?.rawValue == expected)
    }

    /// Sixels, drawn again from their text.
    @Test func sixels() throws {
        let (width, height) = (23, 15)
        let pixels = (0..<width * height).flatMap { place -> [UInt8] in
            (place % width) < 10 ? [255, 0, 0] : place / width < 7 ? [0, 0, 255] : [255, 255, 255]
        }
        let text = Sixels.text(try RGBImage(width: width, height: height, pixels: pixels))
        #expect(text.hasPrefix("\u{1B}Pq\"1;1;23;15") && text.hasSuffix("\u{1B}\\"))
        var (palette, drawn): ([Int: [Int]], [Int]) = ([:], Array(repeating: -1, count: width * (height + 6)))
        var (column, top, colour, count) = (0, 0, 0, 1)
        var rest = text.dropFirst(3).dropFirst("\"1;1;23;15".count).dropLast(2)
        func number() -> Int {
            let digits = rest.prefix { $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return Int(digits) ?? -1
        }
        while let character = rest.popFirst() {
            switch character {
            case "#":
                colour = number()
                guard rest.first == ";" else { continue }
                var parts: [Int] = []
                while rest.first == ";" {
                    rest = rest.dropFirst()
                    parts.append(number())
                }
                palette[colour] = Array(parts.dropFirst())
            case "!": count = number()
            case "$": column = 0
            case "-": (column, top) = (0, top + 6)
            default:
                let bits = Int(try #require(character.asciiValue)) - 63
                for _ in 0..<count {
                    for row in 0..<6 where bits >> row & 1 == 1 { drawn[(top + row) * width + column] = colour }
                    column += 1
                }
                count = 1
            }
        }
        for place in 0..<width * height {
            let expected = (0..<3).map { Int(pixels[3 * place + $0]) * 100 / 255 }
            #expect(palette[drawn[place]] == expected, "pixel \(place)")
        }
    }

    @Test func kittyAndITerm() throws {
        var random = SeededRandom(seed: 1)
        let image = try RGBImage(
            width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { _ in UInt8.random(in: 0...255, using: &random) })
        let kitty = String(decoding: try PictureProtocol.kitty.bytes(image), as: UTF8.self)
        let parts = kitty.components(separatedBy: "\u{1B}_G").dropFirst().map {
            $0.components(separatedBy: "\u{1B}\\")[0]
        }
        #expect(parts.count > 1 && parts[0].hasPrefix("f=100,a=T,m=1;") && parts.last?.hasPrefix("m=0;") == true)
        let joined = parts.map { $0.components(separatedBy: ";")[1] }.joined()
        #expect(parts.allSatisfy { $0.components(separatedBy: ";")[1].utf8.count <= 4096 })
        #expect(Data(base64Encoded: joined) == (try image.pngData()))
        let iterm = String(decoding: try PictureProtocol.iterm.bytes(image), as: UTF8.self)
        #expect(iterm.hasPrefix("\u{1B}]1337;File=inline=1;size=") && iterm.contains("\u{07}"))
    }

    @Test func modelText() {
        #expect(ModelText.safe("a\u{1B}[2Jb\nc\td\u{9B}1m") == "a\u{FFFD}[2Jb\nc\td\u{FFFD}1m")
        #expect(ModelText.safe("\u{202E}abc\u{07}\r") == "abc\u{FFFD}\u{FFFD}")
        #expect(ModelText.safe("añ漢😀") == "añ漢😀")
    }
}
