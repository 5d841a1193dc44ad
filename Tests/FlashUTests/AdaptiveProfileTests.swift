import FlashU
import Foundation
import ShowO2
import Tensors
import Testing

/// The fields of policies that adapt: what they may hold, what goes together, and what of them a calibration must know.
@Suite struct AdaptiveProfileTests {
    static func profile(_ text: String) throws -> AccelerationProfile { try AccelerationProfile.named(text) }

    @Test(
        "Values out of range are named",
        arguments: [
            ("velocityCache.threshold", "-0.1", "velocityCache.policy=easyCache"),
            ("velocityCache.threshold", "11", "velocityCache.policy=magCache"),
            ("velocityCache.longest", "0", "velocityCache.policy=easyCache"),
            ("velocityCache.warmup", "1.1", "velocityCache.policy=easyCache"),
            ("velocityCache.order", "3", "velocityCache.policy=magCache"),
            ("velocityCache.drift", "-2", "velocityCache.policy=easyCache"),
            ("blockCache.layers", "-1", ""), ("blockCache.layers", "29", ""),
            ("blockCache.threshold", "-1", "blockCache.layers=2"),
            ("headCache.tolerance", "-1", "headCache.interval=2"), ("guidance.start", "1.5", ""),
            ("guidance.end", "-0.5", ""), ("guidance.rescale", "2", ""), ("frameCache.threshold", "1.5", ""),
            ("frameCache.threshold", "-0.1", ""), ("frameCache.margin", "-1", "frameCache.threshold=0.1"),
            ("reading.scale", "0.09", ""), ("reading.scale", "1.01", ""),
        ])
    func ranges(path: String, value: String, with others: String) throws {
        let base = others.isEmpty ? AccelerationProfile.off : try Self.profile(others)
        try base.validate(layers: 28)
        let profile = try base.setting(path, to: value)
        let error = #expect(throws: ProfileError.self) { try profile.validate(layers: 28) }
        #expect(error?.description.hasPrefix("\(path) is ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("between") == true)
    }

    /// As `profiles.json` of an earlier version is.
    @Test("A group that a file does not have is off", arguments: ["frameCache", "tokens", "schedule", "blockCache"])
    func missingGroup(group: String) throws {
        let profile = try Self.profile("headCache.interval=3; guidance.rescale=0.5")
        var object = try #require(JSONSerialization.jsonObject(with: Data(profile.json.utf8)) as? [String: Any])
        #expect(object.removeValue(forKey: group) != nil)
        let data = try JSONSerialization.data(withJSONObject: object)
        #expect(try JSONDecoder().decode(AccelerationProfile.self, from: data) == profile)
    }

    @Test(
        "So is a field, and the group's others are what they were",
        arguments: AccelerationProfile.knownFields.filter { $0.contains(".") })
    func missingField(path: String) throws {
        let profile = try Self.profile("headCache.interval=3; guidance.rescale=0.5; tokens.selection=divPrune")
        var object = try #require(JSONSerialization.jsonObject(with: Data(profile.json.utf8)) as? [String: Any])
        let parts = path.split(separator: ".").map(String.init)
        var group = try #require(object[parts[0]] as? [String: Any])
        #expect(group.removeValue(forKey: parts[1]) != nil)
        object[parts[0]] = group
        let read = try JSONDecoder().decode(
            AccelerationProfile.self, from: JSONSerialization.data(withJSONObject: object))
        let off = try #require(AccelerationProfile.off.leaves[path])
        #expect(read == (try profile.setting(path, to: off)))
    }

    @Test("Not-a-number is in no range")
    func notANumber() throws {
        for change: (inout AccelerationProfile) -> Void in [
            { $0.velocityCache.threshold = .nan }, { $0.velocityCache.warmup = .nan },
            { $0.velocityCache.drift = .nan }, { $0.guidance.start = .nan }, { $0.guidance.end = .nan },
            { $0.guidance.rescale = .nan }, { $0.frameCache.threshold = .nan }, { $0.reading.scale = .nan },
        ] {
            var profile = try Self.profile("velocityCache.policy=easyCache")
            change(&profile)
            #expect(throws: ProfileError.self) { try profile.validate(layers: 8) }
        }
        var profile = try Self.profile("blockCache.layers=1")
        profile.blockCache.threshold = .nan
        #expect(throws: ProfileError.self) { try profile.validate(layers: 8) }
        profile = try Self.profile("headCache.interval=2")
        profile.headCache.tolerance = .infinity
        #expect(throws: ProfileError.self) { try profile.validate(layers: 8) }
    }

    @Test(
        "What makes no sense together is refused in one line",
        arguments: [
            "velocityCache.policy=easyCache; schedule.sampler=heun",
            "velocityCache.policy=magCache; headCache.interval=2",
            "velocityCache.policy=easyCache; blockCache.layers=1", "blockCache.layers=1; headCache.interval=3",
            "guidance.start=0.6; guidance.end=0.5",
        ])
    func combinations(text: String) throws {
        let profile = try Self.profile(text)
        let error = #expect(throws: ProfileError.self) { try profile.validate(layers: 8) }
        #expect(error?.description.contains("must be") == true && error?.description.contains("\n") == false)
        // Each of the two alone is fine.
        for part in text.split(separator: "; ") { try Self.profile(String(part)).validate(layers: 8) }
    }

    @Test("What is off may hold anything, and changes nothing")
    func unused() throws {
        var profile = AccelerationProfile.off
        profile.velocityCache.threshold = -1
        profile.velocityCache.longest = .min
        profile.velocityCache.warmup = .nan
        profile.velocityCache.drift = .infinity
        profile.blockCache.threshold = .nan
        profile.headCache.tolerance = -3
        try profile.validate(layers: 3)
        var (planner, exact) = (
            GenerationPlanner(profile, evaluations: 9, layers: 3, neurons: nil),
            GenerationPlanner(.off, evaluations: 9, layers: 3, neurons: nil)
        )
        #expect(planner.keeps == exact.keeps && !profile.decidesByImage)
        for i in 0..<9 {
            #expect(
                planner.plan(i, importance: [], latents: Tensor(zeros: [1])) == exact.plan(i, importance: []))
        }
    }

    @Test("Texts read back, and an unknown policy is named")
    func texts() throws {
        for text in [
            "velocityCache.drift=-1; velocityCache.policy=easyCache; velocityCache.threshold=0.07",
            "guidance.end=0.8; guidance.rescale=0.7; guidance.start=0.1",
            "blockCache.layers=3; blockCache.threshold=0.2",
            "headCache.interval=5; headCache.order=1; headCache.tolerance=0.03",
        ] {
            let profile = try Self.profile(text)
            #expect(profile.changes == text)
            #expect(try AccelerationProfile(json: Data(profile.json.utf8)) == profile)
        }
        let error = #expect(throws: ProfileError.self) { try Self.profile("velocityCache.policy=teaCache") }
        #expect(error?.description == "velocityCache.policy is unknown; it must be one of off, easyCache, magCache")
    }

    @Test("Images are drawn alone where they decide, and MagCache alone needs magnitudes")
    func needs() throws {
        for (text, byImage, calibration) in [
            ("velocityCache.policy=easyCache", true, false), ("velocityCache.policy=magCache", false, true),
            ("blockCache.layers=1", true, false), ("headCache.interval=3", false, false),
            ("headCache.interval=3;headCache.tolerance=0.1", true, false), ("guidance.rescale=0.5", false, false),
        ] {
            let profile = try Self.profile(text)
            #expect(
                profile.decidesByImage == byImage && profile.needsCalibration(for: .generation) == calibration,
                "\(text)")
            #expect(!profile.needsCalibration(for: .understanding))
        }
    }

    @Test("Kept magnitudes are read as they were written; files without them load; bad ones don't")
    func magnitudes() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent(Calibration.fileName)
        let rows = [[Float]](repeating: [Float](repeating: 1, count: 32), count: 2)
        var scores = Calibration.Scores(wanda: rows, reconstruction: rows, layers: [1, 2])
        func read() throws -> Calibration { try Calibration(file: file, layers: 2, neurons: 32) }
        try Calibration(scores: [.generation: scores]).write(to: folder)
        #expect(try read().scores[.generation]?.magnitude == nil)
        scores.magnitude = MagCache.Magnitude(times: [0, 0.25, 0.5], values: [1, 2, 4])
        #expect(scores.magnitude != nil)
        try Calibration(scores: [.generation: scores]).write(to: folder)
        #expect(try read().scores[.generation]?.magnitude == scores.magnitude)
        #expect(Calibration.problems(file: file, layers: 2, neurons: 32).isEmpty)

        let sound: [(name: String, tensor: Tensor)] = [
            ("generation.wanda", Tensor(rows.flatMap(\.self), shape: [2, 32])),
            ("generation.reconstruction", Tensor(rows.flatMap(\.self), shape: [2, 32])),
            ("generation.layers", Tensor([1, 2], shape: [2])),
        ]
        // Shapes and types are told without reading elements; these only when they are read.
        for (tensor, isSeen) in [
            (Tensor(zeros: [3, 2]), true), (Tensor(zeros: [4]), true), (Tensor(zeros: [2, 0]), true),
            (Tensor(zeros: [2, 2, 1]), true), (Tensor(zeros: [2, 2], dtype: .int64), true),
            (Tensor([0, 0.5, 1, 0], shape: [2, 2]), false), (Tensor([0.5, 0.25, 1, 1], shape: [2, 2]), false),
            (Tensor([0, 2, 1, 1], shape: [2, 2]), false), (Tensor([0, .nan, 1, 1], shape: [2, 2]), false),
            (Tensor([0, 0.5, 1, -1], shape: [2, 2]), false),
        ] {
            try SafetensorsWriter.write(sound + [("generation.magnitude", tensor)], to: file)
            let error = #expect(throws: WeightError.self) { try read() }
            #expect(error?.description.contains("generation.magnitude") == true)
            #expect(
                Calibration.problems(file: file, layers: 2, neurons: 32).map(\.tensor)
                    == (isSeen ? ["generation.magnitude"] : []))
        }
    }

    @Test("Between the measured times the magnitude's logarithm is straight, outside it is level")
    func interpolation() throws {
        let magnitude = try #require(MagCache.Magnitude(times: [0.2, 0.6], values: [1, 4]))
        for (time, value) in [(0, 1), (0.2, 1), (0.4, 2), (0.6, 4), (1, 4)] as [(Float, Double)] {
            #expect(abs(magnitude.at(time) - value) < 1e-5)
        }
        #expect(MagCache.Magnitude(times: [], values: []) == nil)
        #expect(MagCache.Magnitude(times: [0, 0], values: [1, 1]) == nil)
    }
}
