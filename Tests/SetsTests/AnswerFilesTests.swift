import FlashUTesting
import Foundation
import Sets
import Testing

@Suite("Files of answers") struct AnswerFilesTests {
    let folder: TemporaryFolder
    var target: URL { folder["a.jsonl"] }

    init() throws { folder = try TemporaryFolder() }

    func set(_ count: Int) throws -> QuestionSet {
        let lines = (0..<count).map { #"{"image": "\#($0 / 2).png", "question": "q\#($0)"}"# }
        return QuestionSet(try SetQuestion.read(ListFile(name: "q", data: Data(lines.joined(separator: "\n").utf8))))
    }

    func answer(_ index: Int, _ text: String? = "yes") -> SetAnswer {
        SetAnswer(index: index, question: "q\(index)", answer: text, error: text == nil ? "no" : nil)
    }

    @Test("A half line is cut off, a whole one kept, and a damaged one in between is refused")
    func torn() throws {
        do {
            let files = try AnswerFiles(target)
            try files.open(.all)
            try files.append(answer(1))
        }
        let whole = try Data(contentsOf: target)
        try (whole + Data(#"{"index": 2, "quest"#.utf8)).write(to: target)
        do {
            let files = try AnswerFiles(target)
            #expect(files.answers.keys.sorted() == [1])
            try files.open(.all)
            #expect(try Data(contentsOf: target) == whole)
            #expect(throws: SetError.busy(path: target.path)) { try AnswerFiles(target).open(.all) }
            try files.append(answer(0))
        }
        #expect(try AnswerFiles(target).answers.count == 2)
        try (Data("{}\n".utf8) + whole).write(to: target)
        let error = #expect(throws: SetError.self) { try AnswerFiles(target) }
        #expect("\(String(describing: error))".contains("line 1"))
    }

    private func line(_ answer: SetAnswer) throws -> String {
        String(decoding: try JSONEncoder().encode(answer), as: UTF8.self) + "\n"
    }

    @Test("What another process has added between reading and opening is read, and a file that became shorter too")
    func addedMeanwhile() throws {
        do {
            let files = try AnswerFiles(target)
            try files.open(.all)
            try files.append(answer(0))
        }
        let files = try AnswerFiles(target)
        do {
            let other = try AnswerFiles(target)
            try other.open(.all)
            try other.append(answer(1, nil))
            try other.append(answer(2))
        }
        try files.open(.all)
        #expect(files.answers.keys.sorted() == [0, 1, 2])
        try files.append(answer(1))
        let lines = try String(contentsOf: target, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 4 && lines[3].contains(#""index":1"#))
        // Merging puts another file in its place.
        let before = try AnswerFiles(target)
        try Data((line(answer(7)) + lines.joined(separator: "\n") + "\n").utf8).write(to: target, options: .atomic)
        try before.open(.all)
        #expect(before.answers.keys.sorted() == [0, 1, 2, 7])
        let shorter = folder["b.jsonl"]
        try FileManager.default.copyItem(at: target, to: shorter)
        let late = try AnswerFiles(shorter)
        try Data((lines[2] + "\n").utf8).write(to: shorter)
        try late.open(.all)
        try late.append(answer(3))
        #expect(try AnswerFiles(shorter).answers.keys.sorted() == [2, 3])
    }

    @Test("Shards are merged in the list's order; an answer goes before an error, and nothing is merged that has gaps")
    func merging() throws {
        let set = try set(5)
        let run = RunFolder(of: target)
        for (shard, answers) in [("0/2", [answer(4), answer(0, nil)]), ("1/2", [answer(3), answer(2), answer(0)])] {
            let files = try AnswerFiles(target)
            try files.open(try #require(Shard(shard)))
            for answer in answers { try files.append(answer) }
            #expect(try !files.merge(set, run))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
        #expect(names == ["a.0-of-2.jsonl", "a.1-of-2.jsonl"])
        let files = try AnswerFiles(target)
        try files.open(.all)
        try files.append(answer(1))
        #expect(try files.merge(set, run))
        let merged = try String(contentsOf: target, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(SetAnswer.self, from: Data($0.utf8))
        }
        #expect(merged.map(\.index) == [0, 1, 2, 3, 4] && merged.allSatisfy { $0.error == nil })
    }

    @Test(
        "Groups of shards are disjoint and complete, and keep an image's questions together", arguments: [1, 2, 3, 50])
    func groups(count: Int) throws {
        let set = try set(41)
        let all = try (0..<count).flatMap { set.indices(of: try #require(Shard("\($0)/\(count)"))) }
        #expect(all.sorted() == Array(0..<41))
        #expect(set.groups.allSatisfy { group in Set(group.map { set.questions[$0].sources }).count == 1 })
    }

    @Test(
        "Broken lines of questions are refused with their number",
        arguments: [
            (#"{"image": "a", "question": "b"}"# + "\n{", "line 2"), (#"{"question": "b"}"#, "\"image\""),
            (#"{"image": "a"}"#, "\"question\""), (#"{"image": "a", "images": ["b"], "question": "b"}"#, "both"),
            (#"{"images": [], "question": "b"}"#, "\"images\""),
            (#"{"video": "a", "image": "b", "question": "b"}"#, "a video"),
            (#"{"video": "a", "question": "b", "frames": 0}"#, "frames"),
            (#"{"image": "a", "question": "b", "frames": 4}"#, "no video"),
            (#"{"image": "a", "question": "b", "max_tokens": 0}"#, "max_tokens"), ("hello", "plain text"),
            ("", "no questions"),
        ])
    func refused(text: String, word: String) throws {
        let error = try #require(throws: SetError.self) {
            try SetQuestion.read(ListFile(name: "q", data: Data(text.utf8)))
        }
        #expect("\(error)".contains(word), "\(error)")
    }
}
