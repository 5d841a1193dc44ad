/// A group of a profile's fields. One that a file doesn't have, because it was written before there was such a group, is off.
protocol ProfileGroup: Decodable {
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
        try decodeIfPresent(type, forKey: key) ?? Group()
    }
}
