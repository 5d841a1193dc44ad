import Foundation
import Sets

extension FuzzTarget {
    /// Lists of prompts and questions, and what runs keep.
    static let setTargets: [FuzzTarget] =
        [
            list(
                .geneval,
                #"{"tag": "counting", "include": [{"class": "cow", "count": 2}], "prompt": "two cows"}"# + "\n"),
            list(
                .dpg,
                "item_id,text,keywords\nCOCO7,\"a, \"\"b\"\"\",x\nCOCO7,\"a, \"\"b\"\"\",y\r\n8,c,\"line\nbreak\"\n",
                #"[{"prompt": "a", "prompt_file_name": "COCO7"}, {"prompt": "c", "prompt_file_name": "8"}]"#),
            list(.t2iCompBench, "a red car\r\n\na blue/green_bench\tattribute\n"),
            list(.wise, #"[{"Prompt": "x", "prompt_id": 12}, {"Prompt": "y", "prompt_id": 3}]"#),
            list(
                .folder,
                #"{"prompt": "a", "n": 2, "seed": 9, "width": 64, "cfg_scale": 1.5, "negative_prompt": "b"}"# + "\n"),
            FuzzTarget(
                name: "set-questions",
                seeds: [
                    .text(
                        "questions",
                        #"{"image": "a.png", "question": "what?", "id": 7}"# + "\n"
                            + #"{"images": ["a", "b"], "questions": ["c", "d"], "max_tokens": 5}"# + "\n"
                            + #"{"video": "a.mp4", "frames": 8, "question": "what?", "id": "x"}"#)
                ]
            ) { data in
                do {
                    let set = QuestionSet(try SetQuestion.read(ListFile(name: "list", data: data)))
                    guard set.indices(of: .all) == Array(set.questions.indices) else {
                        fatalError("questions are lost")
                    }
                    _ = set.fingerprint
                } catch {
                    check(error)
                }
            },
            FuzzTarget(
                name: "set-answers",
                seeds: [
                    .text(
                        "answers",
                        #"{"index": 0, "id": "a", "question": "b", "answer": "c", "tokens": 3, "finished": true}"#
                            + "\n"
                            + #"{"index": 1, "id": 4, "question": "b", "error": "d"}"# + "\n{\"index\"")
                ]
            ) { data in
                do {
                    let lines = try AnswerLines(data, of: "answers")
                    guard lines.end <= data.count else { fatalError("lines end behind the file") }
                    // What is cut off is exactly what was not read.
                    let again = try AnswerLines(data.prefix(lines.end), of: "answers")
                    guard again.answers == lines.answers, again.end == lines.end else { fatalError("cutting matters") }
                } catch {
                    check(error)
                }
            },
            FuzzTarget(
                name: "set-run",
                seeds: [
                    .text(
                        "run",
                        #"{"settings": {"seed": "0", "steps": "50"}, "failed": [{"file": "a.png", "error": "b"}]}"#),
                    .text("failure", #"{"file": "a.png", "error": "b"}"#),
                ]
            ) { data in
                _ = RunFolder.Failure(data)
                guard let record = RunRecord(data) else { return }
                let differences = RunSettings(record.settings).differences(to: RunSettings(["seed": "1"]))
                check(SetError.otherSettings(target: "out", differences: differences))
            },
        ]

    /// A format's lists: what is accepted can be laid out below the folder.
    private static func list(_ format: SetFormat, _ seeds: String...) -> FuzzTarget {
        FuzzTarget(
            name: "set-\(format.name)", seeds: seeds.enumerated().map { .text("\($0.offset)", $0.element) }
        ) { data in
            // A folder's files are recognised by their ending.
            for name in ["list", "list.txt"] {
                do {
                    let items = try format.items([ListFile(name: name, data: data)])
                    guard items.reduce(0, { $0 + ($1.samples ?? 1) }) <= 2000 else { continue }
                    let set = try DrawingSet(format, items, seed: 0)
                    for file in set.files {
                        let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
                        guard !parts.contains(where: { ["", ".", ".."].contains($0) || $0.utf8.count > 255 }),
                            !file.path.utf8.contains(0)
                        else { fatalError("a file would be called \(file.path)") }
                        let size = set.size(of: file, width: 432, height: 432)
                        guard size.width > 0, size.height > 0 else { fatalError("a size of \(size)") }
                    }
                    _ = set.fingerprint
                } catch {
                    check(error)
                }
            }
        }
    }
}
