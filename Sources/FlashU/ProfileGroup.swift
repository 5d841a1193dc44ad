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
extension AccelerationProfile.Reading: ProfileGroup {}

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
