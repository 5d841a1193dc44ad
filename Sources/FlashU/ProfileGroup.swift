import Foundation

/// A group of a profile's fields. What a file doesn't have, because it was written before there was such a group or field, is off.
protocol ProfileGroup: Codable {
    init()
}

extension AccelerationProfile.Schedule: ProfileGroup {}
extension AccelerationProfile.FeedForward: ProfileGroup {}
extension AccelerationProfile.Layers: ProfileGroup {}
extension AccelerationProfile.Guidance: ProfileGroup {}
extension AccelerationProfile.HeadCache: ProfileGroup {}
extension AccelerationProfile.VelocityCache: ProfileGroup {}
extension AccelerationProfile.BlockCache: ProfileGroup {}
extension AccelerationProfile.Features: ProfileGroup {}
extension AccelerationProfile.Tokens: ProfileGroup {}
extension AccelerationProfile.FrameCache: ProfileGroup {}

extension KeyedDecodingContainer {
    /// What the compiler's `AccelerationProfile.init(from:)` calls for groups.
    func decode<Group: ProfileGroup>(_ type: Group.Type, forKey key: Key) throws -> Group {
        do {
            return try decodeIfPresent(type, forKey: key) ?? Group()
        } catch DecodingError.keyNotFound {
            return try Group(completing: decode([String: ProfileValue].self, forKey: key))
        }
    }
}

extension ProfileGroup {
    /// The fields that are given, the others off.
    fileprivate init(completing given: [String: ProfileValue]) throws {
        let off = try JSONDecoder().decode([String: ProfileValue].self, from: JSONEncoder().encode(Self()))
        let all = off.merging(given) { $1 }
        self = try JSONDecoder().decode(Self.self, from: JSONEncoder().encode(all))
    }
}

/// A field's value.
private enum ProfileValue: Codable {
    case flag(Bool)
    case whole(UInt64)
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let whole = try? value.decode(UInt64.self) {
            self = .whole(whole)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .flag(let flag): try value.encode(flag)
        case .whole(let whole): try value.encode(whole)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        }
    }
}
