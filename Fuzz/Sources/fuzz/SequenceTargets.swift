import Foundation
import Parsing

extension FuzzTarget {
    /// What users write: lists of pieces, scripts of conversations, and what is typed in one.
    static let sequenceTargets: [FuzzTarget] = [
        FuzzTarget(
            name: "pieces",
            seeds: [
                .text("text", #"[{"text": "a"}, {"ids": [1, 2]}, {"image": "a.png"}, {"video": "b.mp4"}]"#),
                .text(
                    "latents",
                    #"[{"latents": ["f", 0, 3], "kind": "video", "time": 0.5}, {"latents": ["g", 1, 2], "time": 1}]"#),
            ]
        ) { data in
            do {
                let entries = try PieceEntry.list(data, name: "list")
                guard !entries.isEmpty else { fatalError("no pieces") }
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "chat-script",
            seeds: [
                .text(
                    "turns",
                    "{\"text\": \"a\"}\n{\"image\": \"a.png\"}\n\n{\"draw\": true}\n{\"draw\": \"b\"}\r\n{\"go\": true}"
                ),
                .text(
                    "others",
                    "{\"undo\": true}\n{\"reset\": true}\n{\"seed\": 3}\n{\"seed\": \"random\"}\n{\"size\": \"64x32\"}\n{\"save\": \"d\"}\n{\"video\": \"v\"}\n{\"go\": true}"
                ),
            ]
        ) { data in
            do {
                let lines = try ChatLine.script(data, name: "script")
                // Numbers rise, and each line is one of the file.
                let count = data.count { $0 == UInt8(ascii: "\n") } + 1
                guard zip(lines, lines.dropFirst()).allSatisfy({ $0.number < $1.number }),
                    lines.allSatisfy({ (1...count).contains($0.number) })
                else { fatalError("wrong numbers") }
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "chat-typed",
            seeds: [
                .text("draw", "/draw a red circle"), .text("size", "/size 64x64"), .text("seed", "/seed random"),
                .text("said", "//hello"), .text("save", "/save ~/d"),
            ]
        ) { data in
            do {
                _ = try ChatLine(typed: String(decoding: data, as: UTF8.self))
            } catch {
                check(error)
            }
        },
    ]
}
