import Tensors

/// What `ffprobe -of json` says about a file and its video streams.
package struct ProbeReport {
    /// Of the first stream of moving pictures; nil when there is none.
    package let info: VideoInfo?

    /// - Parameter bytes: what ffprobe wrote, untrusted: it quotes what stands in the file.
    /// - Throws: ``Fault`` when it is no such report.
    package init(_ bytes: [UInt8]) throws(Fault) {
        let value: JSONValue
        do throws(JSONFault) {
            value = try StrictJSON.parse(bytes, maxDepth: 8, maxValues: 10_000)
        } catch {
            throw Fault(reason: "ffprobe's report can't be read: \(error.reason)")
        }
        guard case .object(let root) = value else { throw Fault(reason: "ffprobe's report is no object") }
        guard case .array(let streams)? = root["streams"], case .object(let stream)? = streams.first else {
            info = nil
            return
        }
        let format: JSONObject? = if case .object(let format)? = root["format"] { format } else { nil }
        info = VideoInfo(
            container: format.text("format_name") ?? "", codec: stream.text("codec_name") ?? "",
            width: stream.number("width").flatMap(Self.whole) ?? 0,
            height: stream.number("height").flatMap(Self.whole) ?? 0, rotation: Self.rotation(stream),
            frameRate: stream.text("avg_frame_rate").flatMap(Self.ratio),
            duration: (stream.number("duration") ?? format.number("duration")).flatMap { $0 >= 0 ? $0 : nil },
            claimedFrames: stream.number("nb_frames").flatMap(Self.whole),
            tick: stream.text("time_base").flatMap(Self.ratio) ?? 0)
    }

    /// Why a report is none.
    package struct Fault: Error, CustomStringConvertible {
        package let reason: String
        package var description: String { reason }
    }

    private static func whole(_ value: Double) -> Int? { value >= 0 && value < 9e15 ? Int(value) : nil }

    /// `30000/1001`; nil for what is no positive number.
    static func ratio(_ text: String) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let above = Double(parts[0]), let below = Double(parts[1]), below != 0 else {
            return nil
        }
        let ratio = above / below
        return ratio.isFinite && ratio > 0 ? ratio : nil
    }

    private static func rotation(_ stream: JSONObject) -> Double {
        guard case .array(let list)? = stream["side_data_list"] else { return 0 }
        for case .object(let data) in list {
            if let rotation = Optional(data).number("rotation"), rotation.isFinite { return rotation }
        }
        return 0
    }
}

extension JSONObject {
    fileprivate func text(_ key: String) -> String? { Optional(self).text(key) }
    fileprivate func number(_ key: String) -> Double? { Optional(self).number(key) }
}

extension Optional<JSONObject> {
    fileprivate func text(_ key: String) -> String? {
        guard case .string(let text)? = self?[key] else { return nil }
        return text
    }

    /// A number, or a text that is one: ffprobe writes many as texts.
    fileprivate func number(_ key: String) -> Double? {
        let value: Double? =
            switch self?[key] {
            case .integer(let value)?: Double(value)
            case .real(let value)?: value
            case .string(let text)?: Double(text)
            default: nil
            }
        return value.flatMap { $0.isFinite ? $0 : nil }
    }
}
