import ArgumentParser
import Foundation

/// The lines of `--prompts`: a prompt as it is, or a JSON object with a prompt and settings of its own.
struct PromptList {
    /// A line.
    struct Entry: Decodable {
        var prompt: String
        var negativePrompt: String?
        var seed: Seed?
        var width: Int?
        var height: Int?
        var steps: Int?
        var cfgScale: Float?
        var count: Int?
        var file: String?
        /// Where it stands, as `prompts.txt, line 3`.
        var place = ""

        enum Key: String, CodingKey, CaseIterable {
            case prompt, seed, width, height, steps, n, file
            case negativePrompt = "negative_prompt"
            case cfgScale = "cfg_scale"
        }

        private struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(prompt: String) { self.prompt = prompt }

        init(from decoder: any Decoder) throws {
            for key in try decoder.container(keyedBy: AnyKey.self).allKeys
            where Key(rawValue: key.stringValue) == nil {
                throw CommandError(
                    "there is no \"\(key.stringValue)\"; known: \(Key.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            let values = try decoder.container(keyedBy: Key.self)
            func value<Value: Decodable>(_ key: Key, _ kind: String) throws -> Value? {
                do {
                    return try values.decodeIfPresent(Value.self, forKey: key)
                } catch {
                    throw CommandError("\(key.rawValue) must be \(kind)")
                }
            }
            guard let prompt: String = try value(.prompt, "a text") else {
                throw CommandError("it has no \"prompt\"")
            }
            self.prompt = prompt
            negativePrompt = try value(.negativePrompt, "a text")
            seed = try value(.seed, "a whole number of 0 or more, or \"random\"")
            width = try value(.width, "a whole number")
            height = try value(.height, "a whole number")
            steps = try value(.steps, "a whole number")
            cfgScale = try value(.cfgScale, "a number")
            count = try value(.n, "a whole number")
            file = try value(.file, "a file's name")
        }
    }

    let entries: [Entry]

    /// Reads and checks the lines.
    /// - Throws: ``CommandError`` that names the line.
    init(_ file: InputFile) throws(CommandError) {
        var entries: [Entry] = []
        for (number, text) in try TextLines.read(file) {
            let place = "\(file.shown), line \(number)"
            do {
                var entry =
                    text.drop(while: \.isWhitespace).first == "{"
                    ? try JSONDecoder().decode(Entry.self, from: Data(text.utf8)) : Entry(prompt: text)
                entry.place = place
                try Bounds.check(steps: entry.steps, "steps")
                try Bounds.check(cfgScale: entry.cfgScale, "cfg_scale")
                try Bounds.check(side: entry.width, "width")
                try Bounds.check(side: entry.height, "height")
                try Bounds.check(count: entry.count ?? 1, "n")
                entries.append(entry)
            } catch let error as CommandError {
                throw CommandError("\(place): \(error)")
            } catch let error as ValidationError {
                throw CommandError("\(place): \(error.message)")
            } catch {
                throw CommandError("\(place): no valid JSON object, and a line that begins with { must be one")
            }
        }
        guard !entries.isEmpty else { throw CommandError("\(file.role): \(file.shown) holds no prompts") }
        self.entries = entries
    }

    /// Where a line's own file goes: into the output's folder or one below it, whatever the name says.
    /// - Parameter output: the command's `--output`.
    static func path(_ entry: Entry, file name: String, output: String) throws(CommandError) -> String {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !name.hasPrefix("/"), !name.hasPrefix("~"), !parts.contains(".."), name != "-",
            !name.utf8.contains(0)
        else {
            throw CommandError("\(entry.place): the file \"\(name)\" is not a name inside the output's folder")
        }
        let folder = PathName.split(output).folder
        func real(_ path: String) -> String {
            URL(userPath: path.isEmpty ? "." : path).resolvingSymlinksInPath().standardizedFileURL.path
        }
        let home = real(folder)
        let target = FileIdentity.followingLinks(URL(userPath: folder + name).path)
        let place = real(PathName.split(target).folder)
        guard place == home || place.hasPrefix(home == "/" ? "/" : home + "/") else {
            throw CommandError("\(entry.place): the file \"\(name)\" leads out of the output's folder")
        }
        return folder + name
    }
}

extension Seed: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(UInt64.self) {
            self.init(value)
        } else {
            let text =
                if let number = try? container.decode(Int.self) { "\(number)" } else {
                    try container.decode(String.self)
                }
            guard let seed = Seed(argument: text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no seed")
            }
            self = seed
        }
    }
}
