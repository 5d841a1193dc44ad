import Foundation
import Testing

import Sets

@Suite("Lists of prompts, and where their images go") struct FormatTests {
    func items(_ format: SetFormat, _ text: String, name: String = "list") throws -> [SetItem] {
        try format.items([ListFile(name: name, data: Data(text.utf8))])
    }

    func paths(_ format: SetFormat, _ text: String, samples: Int? = nil) throws -> [String] {
        try DrawingSet(format, items(format, text), samples: samples, seed: 0).files.map(\.path)
    }

    @Test("GenEval: folders of five digits, the line itself as metadata")
    func geneval() throws {
        let line = #"{"tag": "counting", "include": [{"class": "cow", "count": 2}],   "prompt": "two cows"}"#
        let set = try DrawingSet(.geneval, items(.geneval, "\u{FEFF}" + line + "\r\n\n" + line), samples: 2, seed: 0)
        #expect(
            set.files.map(\.path) == [
                "00000/samples/00000.png", "00000/samples/00001.png", "00001/samples/00000.png",
                "00001/samples/00001.png",
            ])
        let metadata = try #require(set.metadata(of: 1))
        #expect(metadata.path == "00001/metadata.jsonl" && metadata.contents == Data((line + "\n").utf8))
        #expect(Set(set.files.flatMap(\.seeds)).count == 4, "a prompt that comes twice is drawn from other noise")
        #expect(try paths(.geneval, line).count == 4)
    }

    @Test("DPG-Bench: a JSON list, a table, or a folder; one file a prompt, with a seed for each cell")
    func dpg() throws {
        let list = #"[{"prompt": "a, \"b\"", "prompt_file_name": "COCO7"}, {"prompt": "c", "prompt_file_name": "8"}]"#
        let table = "item_id,text,keywords\nCOCO7,\"a, \"\"b\"\"\",x\nCOCO7,\"a, \"\"b\"\"\",y\r\n8,c,\"line\nbreak\"\n"
        for text in [list, table] {
            let items = try items(.dpg, text)
            #expect(items.map(\.id) == ["COCO7", "8"] && items.map(\.prompt) == ["a, \"b\"", "c"])
        }
        let set = try DrawingSet(.dpg, items(.dpg, list), seed: 0)
        #expect(set.files.map(\.path) == ["COCO7.png", "8.png"] && set.files.allSatisfy { $0.seeds.count == 4 })
        #expect(set.size(of: set.files[0], width: 32, height: 48) == (64, 96))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dpg-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [("b.txt", "two\n"), ("a.txt", "one"), ("c.md", "no")] {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let found = try SetFormat.dpg.items(SetFormat.dpg.files(in: folder))
        #expect(found.map(\.id) == ["a", "b"] && found.map(\.prompt) == ["one", "two"])
    }

    @Test("T2I-CompBench: numbered through, and names that the scorer reads")
    func compbench() throws {
        #expect(
            try paths(.t2iCompBench, "a red car\r\n\na blue/green_bench\tattribute\n", samples: 2) == [
                "samples/a red car_000000.png", "samples/a red car_000001.png",
                "samples/a blue green bench_000002.png", "samples/a blue green bench_000003.png",
            ])
        let long = try paths(.t2iCompBench, String(repeating: "ü", count: 300) + "\n.hidden", samples: 1)
        #expect(
            long.allSatisfy { $0.split(separator: "/")[1].utf8.count <= 255 } && long[1] == "samples/.hidden_000001.png"
        )
    }

    @Test("WISE: by prompt_id; the same prompt in two files is one")
    func wise() throws {
        let one = #"[{"Prompt": "x", "prompt_id": 12}, {"Prompt": "y", "prompt_id": 3}]"#
        let files = [one, #"[{"Prompt": "x", "prompt_id": 12}]"#].map { ListFile(name: "f", data: Data($0.utf8)) }
        let set = try DrawingSet(.wise, SetFormat.wise.items(files), seed: 0)
        #expect(set.files.map(\.path) == ["3.png", "12.png"])
        let other = ListFile(name: "g", data: Data(#"[{"Prompt": "z", "prompt_id": 3}]"#.utf8))
        #expect(throws: SetError.self) { try SetFormat.wise.items([files[0], other]) }
        #expect(throws: SetError.self) { try DrawingSet(.wise, SetFormat.wise.items(files), samples: 2, seed: 0) }
    }

    @Test("A folder: settings of a line's own; a seed of its own counts up as generate's does")
    func folder() throws {
        let items = try items(
            .folder, #"{"prompt": "a", "n": 2, "seed": 9, "width": 64, "other": {}}"# + "\n" + #"{"prompt": "b"}"#)
        let set = try DrawingSet(.folder, items, seed: 0)
        #expect(set.files.map(\.path) == ["00000-1.png", "00000-2.png", "00001.png"])
        #expect(set.files[0].seeds == [9] && set.files[1].seeds == [10])
        #expect(set.size(of: set.files[0], width: 128, height: 128) == (64, 64))
    }

    @Test("An image's seed depends on neither the other prompts nor the number of samples")
    func independence() throws {
        let all = try DrawingSet(
            .folder, items(.folder, #"{"prompt": "a"}"# + "\n" + #"{"prompt": "b"}"#), samples: 3, seed: 5)
        let one = try DrawingSet(.folder, items(.folder, #"{"prompt": "b"}"#), seed: 5)
        #expect(all.files[3].seeds == one.files[0].seeds)
        #expect(
            try DrawingSet(.folder, items(.folder, #"{"prompt": "b"}"#), seed: 6).files[0].seeds != one.files[0].seeds)
    }

    @Test(
        "Lists that are broken, or of another benchmark, are refused with their line",
        arguments: [
            (
                "geneval", "{\"prompt\": \"a\", \"tag\": \"x\", \"include\": []}\n{\"prompt\": ",
                ["line 2", "broken JSON"]
            ),
            ("geneval", #"{"prompt": "a"}"#, ["line 1", "\"tag\"", "draw-set folder"]),
            ("geneval", #"[{"Prompt": "x", "prompt_id": 1}]"#, ["WISE", "draw-set wise"]),
            ("geneval", "item_id,text\na,b", ["DPG-Bench", "draw-set dpg"]),
            ("dpg", #"{"prompt": "a", "tag": "x", "include": []}"#, ["GenEval", "draw-set geneval"]),
            ("dpg", "item_id,text\na,b,c", ["line 2", "3 fields"]),
            ("dpg", "item_id,text\na,\"b", ["line 2", "never ends"]),
            ("dpg", "item_id,text\na.b,c", ["line 2", "dot"]),
            ("dpg", "item_id,text\na,c\na,d", ["line 3", "two prompts"]),
            ("dpg", #"[{"prompt": "a", "prompt_file_name": "../x"}]"#, ["entry 1"]),
            ("t2i-compbench", #"{"prompt": "a"}"#, ["line 1", "draw-set folder"]),
            ("t2i-compbench", "item_id,text\na,b", ["DPG-Bench"]),
            ("wise", #"[{"Prompt": "x"}]"#, ["entry 1", "prompt_id"]),
            ("wise", #"[{"prompt": "a", "prompt_file_name": "x"}]"#, ["DPG-Bench"]),
            ("folder", "a red circle", ["line 1", "plain text", "t2i-compbench"]),
            ("folder", #"{"prompt": "a", "seed": "random"}"#, ["line 1", "\"seed\""]),
            ("folder", #"{"prompt": "a", "width": 0}"#, ["\"width\""]),
            ("folder", #"{"question": "a", "image": "b"}"#, ["ask-set"]),
            ("folder", "\n\n", ["holds no prompts"]),
        ])
    func refusals(format: String, text: String, words: [String]) throws {
        let format = try #require(SetFormat.named(format))
        let error = try #require(throws: SetError.self) {
            try DrawingSet(format, try items(format, text), seed: 0)
        }
        for word in words { #expect("\(error)".contains(word), "\(error)") }
        #expect(!"\(error)".contains("\n"))
    }

    @Test("What a scorer would read is told from what it passes over")
    func strays() {
        let read = [
            ("geneval", "00003/samples/00007.png", true), ("geneval", "00003/samples/7.png.tmp", true),
            ("geneval", "00003/grid.png", false), ("geneval", "results.jsonl", false), ("geneval", "99", true),
            ("dpg", "notes.txt", true), ("t2i-compbench", "samples/x.txt", true),
            ("t2i-compbench", "annotation_blip/x.json", false), ("wise", "17.png", true),
            ("wise", "Results/x.json", false),
        ]
        for (format, path, expected) in read { #expect(SetFormat.named(format)?.isRead(path) == expected, "\(path)") }
    }
}
