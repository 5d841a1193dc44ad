/// How the frames that are wanted come out of a file.
package enum FramePlan: Equatable, Sendable {
    /// All frames are decoded from the first on, and these, by number, are kept.
    case fromStart(numbers: [Int])
    /// Decoding begins anew before each group of frames, told by their times.
    case seeking([[Int]])

    /// Most frames of a group.
    static let largestGroup = 8
    /// As many frames are decoded rather than that decoding begins anew.
    static let patience = 48

    /// - Parameters:
    ///   - numbers: of the frames wanted, rising, each once.
    ///   - times: of all frames, rising, in ticks.
    ///   - isKey: for each, whether decoding may begin there.
    package static func seeking(numbers: [Int], times: [Int], isKey: [Bool]) -> FramePlan {
        var groups: [[Int]] = []
        var previous: Int?
        for number in numbers where times.indices.contains(number) && isKey.indices.contains(number) {
            // Going on costs what lies between; beginning anew what lies behind the last key.
            let goesOn =
                previous.map { previous in
                    let key = stride(from: number, to: previous, by: -1).first { isKey[$0] } ?? previous
                    return key - previous <= patience
                } ?? false
            if goesOn, let count = groups.last?.count, count < largestGroup {
                groups[groups.count - 1].append(times[number])
            } else {
                groups.append([times[number]])
            }
            previous = number
        }
        return .seeking(groups)
    }
}
