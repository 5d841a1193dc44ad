import FlashU
import Hummingbird
import Pipelines
import ShowO2

extension APIService {
    /// What the model and this server do, for clients that let people choose.
    var descriptionRoutes: [Route] {
        [Route(method: .get, path: "/v1/flashu") { [self] _, _ in try JSONAnswer.response(try description()) }]
    }

    private func description() throws -> Description {
        let geometry = resident.folder.geometry
        let policy = SizePolicy(geometry, settings)
        let grids = ([geometry.grid] + geometry.otherTrainedGrids).map {
            "\($0.width * geometry.pixelsPerToken)x\($0.height * geometry.pixelsPerToken)"
        }
        let (width, height) = geometry.readingSize
        return Description(
            model: modelNames[0], names: modelNames, version: FlashUVersion.current,
            drawing: .init(
                width: geometry.imageWidth, height: geometry.imageHeight, unit: geometry.pixelsPerToken,
                max_pixels: policy.maxPixels, sizes: grids, points: geometry.sampling.steps,
                guidance: Double(geometry.sampling.guidance), layers: geometry.llm.layers,
                neurons: geometry.llm.intermediate),
            reading: .init(
                width: width, height: height, video_frames: settings.videoFrames, max_pictures: settings.maxPictures,
                max_body_bytes: settings.maxBodyBytes),
            usual_profile: settings.profile.name,
            profile_fields: AccelerationProfile.off.leaves.filter { $0.key != "name" },
            profiles: try profiles())
    }

    /// The presets and the model's own profiles: the exact engine first, then by name.
    private func profiles() throws -> [Description.Profile] {
        let tuned = try TunedProfiles(folder: resident.folder.url)
        let names = Set(AccelerationProfile.presets.keys).union(tuned?.profiles.keys.map { $0 } ?? [])
        let off = AccelerationProfile.off.name
        return ([off] + names.subtracting([off]).sorted()).compactMap { name in
            guard let named = resident.folder.profile(named: name, in: tuned) else { return nil }
            return Description.Profile(
                name: name, changes: named.profile.changes,
                note: named.entry == nil && named.profile.isStart ? "not tuned for this model" : nil,
                drawing: use(named, for: .generation), asking: use(named, for: .understanding))
        }
    }

    private func use(_ named: ModelFolder.NamedProfile, for task: Calibration.Task) -> Description.Use {
        do {
            try resident.folder.check(named.profile, for: task)
        } catch {
            return .init(usable: false, reason: APIError(error).message, speedup: nil, points_lost: nil)
        }
        let found = named.entry?[task]
        return .init(usable: true, reason: nil, speedup: found?.speedup, points_lost: found?.loss.mean)
    }
}

/// The answer of `GET /v1/flashu`.
private struct Description: Encodable {
    struct Drawing: Encodable {
        let width: Int
        let height: Int
        /// Sides are multiples of it.
        let unit: Int
        let max_pixels: Int
        /// What the model was trained for.
        let sizes: [String]
        let points: Int
        let guidance: Double
        let layers: Int
        let neurons: Int
    }

    struct Reading: Encodable {
        let width: Int
        let height: Int
        let video_frames: Int
        let max_pictures: Int
        let max_body_bytes: Int
    }

    struct Profile: Encodable {
        let name: String
        let changes: String
        let note: String?
        let drawing: Use
        let asking: Use
    }

    struct Use: Encodable {
        let usable: Bool
        let reason: String?
        let speedup: Double?
        let points_lost: Double?
    }

    let model: String
    let names: [String]
    let version: String
    let drawing: Drawing
    let reading: Reading
    let usual_profile: String
    /// With the values that the exact engine has.
    let profile_fields: [String: String]
    let profiles: [Profile]
}
