import FlashUTesting
import Foundation
import Sets
import Testing

@Suite("What fuzzing found in lists and records") struct SetCorpusTests {
    private func inputs(_ target: String) throws -> [Data] {
        let folder = RepositoryFiles.root.appendingPathComponent("Fuzz/corpus/\(target)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count > 5)
        return try names.map { try Data(contentsOf: folder.appendingPathComponent($0)) }
    }

    private func isOneLine(_ error: any Error) -> Bool { !"\(error)".contains { $0.isNewline || $0 == "\u{1b}" } }

    @Test("Lists are refused in one line, or laid out below the folder", arguments: SetFormat.all.map(\.name))
    func lists(name: String) throws {
        let format = try #require(SetFormat.named(name))
        for input in try inputs("set-\(name)") {
            do {
                let set = try DrawingSet(format, format.items([ListFile(name: "list", data: input)]), seed: 0)
                #expect(
                    set.files.allSatisfy { !$0.path.hasPrefix("/") && !$0.path.split(separator: "/").contains("..") })
            } catch {
                #expect(isOneLine(error))
            }
        }
    }

    @Test("Questions, answers and records are refused in one line, or read")
    func others() throws {
        for input in try inputs("set-questions") {
            do {
                let set = QuestionSet(try SetQuestion.read(ListFile(name: "list", data: input)))
                #expect(set.indices(of: .all) == Array(set.questions.indices))
            } catch {
                #expect(isOneLine(error))
            }
        }
        for input in try inputs("set-answers") {
            do {
                #expect(try AnswerLines(input, of: "answers").end <= input.count)
            } catch {
                #expect(isOneLine(error))
            }
        }
        for input in try inputs("set-run") { _ = RunRecord(input) }
    }
}
