public import Foundation
import ShowO2

extension AccelerationProfile {
    /// A preset by name, a JSON file's path, or what a profile changes: JSON itself, or ``changes``. Fields that are left out keep their defaults.
    /// - Throws: ``ProfileError``.
    public static func named(_ name: String) throws(ProfileError) -> AccelerationProfile {
        if let profile = try inline(name) { return profile }
        guard FileManager.default.fileExists(atPath: name) else {
            throw .unreadable(
                "\(name) is neither a preset (\(presets.keys.sorted().joined(separator: ", "))) nor a file")
        }
        guard let data = FileManager.default.contents(atPath: name), data.count < 1 << 20 else {
            throw .unreadable("\(name) can't be read as a profile")
        }
        return try AccelerationProfile(json: data)
    }

    /// A preset by name, a profile's JSON (a text that begins with a brace), or ``changes``; nil if it is none of them, but perhaps a file's name.
    /// - Throws: ``ProfileError``.
    public static func inline(_ text: String) throws(ProfileError) -> AccelerationProfile? {
        if let preset = presets[text] { return preset }
        if text.drop(while: \.isWhitespace).first == "{" { return try AccelerationProfile(json: Data(text.utf8)) }
        guard text.contains("="), !FileManager.default.fileExists(atPath: text) else { return nil }
        return try AccelerationProfile(changes: text)
    }

    /// What ``changes`` tells, as a profile.
    /// - Throws: ``ProfileError``.
    public init(changes text: String) throws(ProfileError) {
        var profile = AccelerationProfile.off
        for change in text.split(separator: ";") {
            let parts = change.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2 else { throw .unreadable("\"\(change)\" is no FIELD=VALUE of a profile") }
            profile = try profile.setting(parts[0], to: parts[1])
        }
        if profile.name == Self.off.name { profile.name = profile.changes }
        self = profile
    }

    /// What differs from ``off``, as `field=value; field=value` in alphabetical order, without the name: all that a result depends on. Empty for the
    /// exact engine. ``named(_:)`` reads it.
    public var changes: String {
        changed.map { "\($0.field)=\($0.value)" }.joined(separator: "; ")
    }

    /// The fields that differ from the exact engine's, but the name, in order.
    package var changed: [(field: String, value: String)] {
        let (own, off) = (leaves, AccelerationProfile.off.leaves)
        return own.filter { $0.key != "name" && off[$0.key] != $0.value }.sorted { $0.key < $1.key }
            .map { (field: $0.key, value: $0.value) }
    }

    /// Every field as text, by `group.field`.
    package var leaves: [String: String] {
        guard let data = try? JSONEncoder().encode(self),
            let groups = try? JSONDecoder().decode([String: Leaf].self, from: data)
        else { return [:] }
        return groups.reduce(into: [:]) { leaves, group in
            switch group.value {
            case .value(let text): leaves[group.key] = text
            case .group(let fields): for (key, text) in fields { leaves["\(group.key).\(key)"] = text }
            }
        }
    }

    /// A group of fields, or a single one.
    private enum Leaf: Decodable {
        case value(String)
        case group([String: String])

        init(from decoder: any Decoder) throws {
            if let fields = try? [String: ProfileValue](from: decoder) {
                self = .group(fields.mapValues(\.text))
            } else {
                self = .value(try ProfileValue(from: decoder).text)
            }
        }
    }

    /// Reads a profile's JSON, strictly: a field that does not exist is an error, not ignored.
    public init(json data: Data) throws(ProfileError) {
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw .unreadable("the profile is not a JSON object")
        }
        self.init()
        var base = fields
        try Self.merge(object, into: &base, path: "")
        try self.init(fields: base)
    }

    /// This profile with one field changed: `setting("headCache.interval", to: "4")`.
    public func setting(_ path: String, to value: String) throws(ProfileError) -> AccelerationProfile {
        let parts = path.split(separator: ".").map(String.init)
        guard !parts.isEmpty else { throw .unknownField(path, known: Self.knownFields) }
        let parsed: Any =
            if let whole = Int(value) {
                whole
            } else if let whole = UInt64(value) {
                whole
            } else if let number = Double(value), number.isFinite {
                number
            } else {
                value
            }
        var change: [String: Any] = [:]
        if parts.count == 1 { change = [parts[0]: parsed] }
        if parts.count == 2 { change = [parts[0]: [parts[1]: parsed]] }
        guard parts.count <= 2 else { throw .unknownField(path, known: Self.knownFields) }
        var base = fields
        try Self.merge(change, into: &base, path: "")
        return try AccelerationProfile(fields: base)
    }

    /// All fields, as `group.field`.
    public static var knownFields: [String] {
        AccelerationProfile().fields.flatMap { group, value in
            (value as? [String: Any]).map { $0.keys.map { "\(group).\($0)" } } ?? [group]
        }.sorted()
    }

    /// Pretty JSON with all fields.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private var fields: [String: Any] {
        guard let data = try? JSONEncoder().encode(self),
            let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { return [:] }
        return object
    }

    private init(fields: [String: Any]) throws(ProfileError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: JSONSerialization.data(withJSONObject: fields))
        } catch let error as DecodingError {
            throw Self.explain(error)
        } catch {
            throw .unreadable("the profile can't be read")
        }
    }

    private static func merge(_ change: [String: Any], into base: inout [String: Any], path: String)
        throws(ProfileError)
    {
        for (key, value) in change {
            guard let old = base[key] else { throw .unknownField(path + key, known: knownFields) }
            if var group = old as? [String: Any] {
                guard let inner = value as? [String: Any] else {
                    throw .outOfRange(field: path + key, value: "\(value)", allowed: "an object")
                }
                try merge(inner, into: &group, path: "\(key).")
                base[key] = group
            } else {
                base[key] = value
            }
        }
    }

    private static func explain(_ error: DecodingError) -> ProfileError {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        return switch error {
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            .outOfRange(field: path(context), value: "of another type", allowed: "of type \(type)")
        case .dataCorrupted(let context):
            .outOfRange(
                field: path(context), value: "unknown", allowed: allowedNames[path(context)] ?? "a value that fits")
        case .keyNotFound(let key, let context):
            .unknownField(path(context) + "." + key.stringValue, known: knownFields)
        @unknown default: .unreadable("the profile can't be read")
        }
    }

    private static let allowedNames = [
        "schedule.sampler": "one of " + Sampler.Kind.allCases.map(\.rawValue).joined(separator: ", "),
        "ffn.full": "one of " + FeedForward.Phase.allCases.map(\.rawValue).joined(separator: ", "),
        "velocityCache.policy": "one of " + VelocityCache.Policy.allCases.map(\.rawValue).joined(separator: ", "),
        "layers.understandingChoice": "one of " + Layers.Choice.allCases.map(\.rawValue).joined(separator: ", "),
        "frameCache.unchanged": "one of " + VideoPiece.Changes.Others.allCases.map(\.rawValue).joined(separator: ", "),
        "tokens.selection": "one of " + TokenSelection.allCases.map(\.rawValue).joined(separator: ", "),
        "tokens.place": "one of " + Tokens.Place.allCases.map(\.rawValue).joined(separator: ", "),
        "tokens.dropped": "one of " + Tokens.Fate.allCases.map(\.rawValue).joined(separator: ", "),
        "tokens.scope": "one of " + Tokens.Scope.allCases.map(\.rawValue).joined(separator: ", "),
    ]
}
