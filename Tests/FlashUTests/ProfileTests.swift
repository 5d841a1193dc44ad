import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Testing

@Suite struct ProfileTests {
    @Test func jsonRoundTrip() throws {
        for profile in AccelerationProfile.presets.values {
            #expect(try AccelerationProfile(json: Data(profile.json.utf8)) == profile)
        }
    }

    @Test func fieldsLeftOutKeepTheirDefaults() throws {
        let profile = try AccelerationProfile(json: Data(#"{"name": "mine", "headCache": {"interval": 3}}"#.utf8))
        var expected = AccelerationProfile()
        expected.name = "mine"
        expected.headCache.interval = 3
        #expect(profile == expected)
    }

    @Test func singleFields() throws {
        let off = AccelerationProfile.off
        #expect(try off.setting("headCache.interval", to: "4").headCache.interval == 4)
        #expect(try off.setting("ffn.generationRatio", to: "0.25").ffn.generationRatio == 0.25)
        #expect(try off.setting("schedule.sampler", to: "unipc").schedule.sampler == .unipc)
        #expect(try off.setting("name", to: "x").name == "x")
    }

    @Test(arguments: [
        ("headCache.intervall", "4", "there is no field headCache.intervall"),
        ("headCache", "4", "headCache is 4; it must be an object"),
        ("headCache.interval", "often", "headCache.interval is of another type"),
        (
            "schedule.sampler", "magic",
            "schedule.sampler is unknown; it must be one of euler, heun, ab2, dpmpp2m, unipc"
        ),
        ("a.b.c", "1", "there is no field a.b.c"),
    ])
    func fieldsThatMakeNoSenseAreNamed(path: String, value: String, message: String) {
        let error = #expect(throws: ProfileError.self) { try AccelerationProfile.off.setting(path, to: value) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("ffn.generationRatio", "-0.1"), ("ffn.fullFraction", "1.5"), ("layers.generationRatio", "2"),
        ("tokens.layer", "99"), ("tokens.layer", "-1"), ("headCache.order", "3"), ("headCache.warmup", "-1"),
        ("layers.refreshInterval", "0"), ("schedule.stepsFactor", "0"), ("guidance.earlyFactor", "3"),
        ("features.order", "-1"), ("guidance.conditionalTail", "1.5"), ("guidance.differenceInterval", "0"),
        ("tokens.dropRatio", "1"), ("features.interval", "0"), ("headCache.interval", "1001"),
    ])
    func valuesOutOfRangeAreNamed(path: String, value: String) throws {
        let profile = try Self.everything.setting(path, to: value)
        let error = #expect(throws: ProfileError.self) { try profile.validate(layers: 28) }
        #expect(error?.description.hasPrefix("\(path) is ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("between") == true)
    }

    /// Every mechanism is on.
    private static let everything: AccelerationProfile = {
        var profile = AccelerationProfile.paper
        profile.features.interval = 2
        profile.guidance.differenceInterval = 2
        return profile
    }()

    @Test("What is off may hold anything, and changes nothing")
    func unusedFieldsAreNotChecked() throws {
        var profile = AccelerationProfile.off
        for (path, value) in [
            ("ffn.fullFraction", "1e300"), ("layers.refreshInterval", "-9223372036854775808"),
            ("guidance.earlyFactor", "-1e300"), ("headCache.order", "9223372036854775807"),
            ("headCache.warmup", "-9223372036854775808"), ("features.order", "-7"), ("tokens.layer", "-5"),
        ] {
            profile = try profile.setting(path, to: value)
            try profile.validate(layers: 3)
        }
        var planner = GenerationPlanner(profile, evaluations: 9, layers: 3, neurons: nil)
        var exact = GenerationPlanner(.off, evaluations: 9, layers: 3, neurons: nil)
        #expect(planner.keeps == exact.keeps)
        for i in 0..<9 {
            #expect(planner.plan(i, importance: []) == exact.plan(i, importance: []))
            #expect(planner.isFull(i) == exact.isFull(i) && planner.guidanceFactor(i) == exact.guidanceFactor(i))
        }
        var reading = ReadingPlanner(profile, layers: 3, neurons: nil, scores: nil)
        reading.chooseLayers([1, 2, 3])
        #expect(reading.cut == nil && reading.decodingPlan == .dense && reading.imagePlan == .dense)
    }

    @Test("The depth of the model matters only to the task that drops tokens")
    func shallowModels() throws {
        for layers in 1...3 {
            try AccelerationProfile.off.validate(layers: layers)
            try AccelerationProfile.paper.validate(layers: layers, for: .generation)
            #expect(throws: ProfileError.self) { try AccelerationProfile.paper.validate(layers: layers) }
            #expect(throws: ProfileError.self) {
                try AccelerationProfile.paper.validate(layers: layers, for: .understanding)
            }
        }
        try AccelerationProfile.paper.validate(layers: 4)
    }

    @Test("What a profile changes is text that reads back to the last bit")
    func changes() throws {
        #expect(AccelerationProfile.off.changes == "")
        #expect(try AccelerationProfile.off.setting("name", to: "x").changes == "", "a name changes nothing")
        var profiles = Array(AccelerationProfile.presets.values) + [Self.everything]
        var odd = Self.everything
        odd.guidance.earlyFraction = 24.0 / 34
        odd.ffn.generationRatio = 0.1 + 0.2
        odd.tokens.seed = .max
        odd.tokens.selection = .random
        odd.layers.understandingChoice = .calibration
        odd.schedule.sampler = .unipc
        profiles.append(odd)
        for profile in profiles {
            for text in [profile.changes, profile.json] where !text.isEmpty {
                var read = try AccelerationProfile.named(text)
                read.name = profile.name
                #expect(read == profile, "\(text)")
                #expect(read.changes == profile.changes)
            }
        }
        #expect(try AccelerationProfile.off.setting("headCache.interval", to: "4").changes == "headCache.interval=4")
        for text in ["headCache.interval=x", "=4", "headCache=4", "headCache.interval=4;x", "{", "{\"a\": 1}"] {
            #expect(throws: ProfileError.self) { try AccelerationProfile.named(text) }
        }
        for value in ["nan", "inf", "-inf", "1e999"] {
            #expect(throws: ProfileError.self) { try AccelerationProfile.off.setting("ffn.generationRatio", to: value) }
        }
    }

    @Test func presetsAreValid() throws {
        for profile in AccelerationProfile.presets.values { try profile.validate(layers: 8) }
        #expect(throws: ProfileError.self) { try AccelerationProfile.named("no such preset or file") }
    }

    @Test("Only the task that uses it needs a calibration")
    func calibrationByTask() throws {
        #expect(Calibration.Task.allCases.allSatisfy { !AccelerationProfile.off.needsCalibration(for: $0) })
        #expect(Calibration.Task.allCases.allSatisfy { AccelerationProfile.paper.needsCalibration(for: $0) })
        let tokens = try AccelerationProfile.off.setting("tokens.dropRatio", to: "0.5")
            .setting("tokens.selection", to: "calibrated")
        #expect(!tokens.needsCalibration(for: .generation) && tokens.needsCalibration(for: .understanding))
        let neurons = try AccelerationProfile.off.setting("ffn.generationRatio", to: "0.3")
        #expect(neurons.needsCalibration(for: .generation) && !neurons.needsCalibration(for: .understanding))
        // What the message of a model without a calibration advises.
        let without = try AccelerationProfile.pruned.setting("ffn.generationRatio", to: "0")
        #expect(!without.needsCalibration(for: .generation))
    }

    /// The released schedule with the paper's defaults: 34 evaluations, counted from 1: computed 1-5, 10, 15, 20; cached between; full at the end.
    @Test func paperScheduleIsTheReleasedOne() {
        var planner = GenerationPlanner(.paper, evaluations: 34, layers: 28, neurons: nil)
        let plans = (0..<34).map { planner.plan($0, importance: Array(repeating: 0.5, count: 28)) }
        let computed = plans.indices.filter { plans[$0].head == .compute }.map { $0 + 1 }
        #expect(computed == [1, 2, 3, 4, 5, 10, 15, 20] + Array(25...34))
        #expect((0..<34).filter { planner.isFull($0) } == Array(24..<34))
        #expect(
            (0..<34).map { planner.guidanceFactor($0) } == Array(repeating: 0.75, count: 24)
                + Array(repeating: 1, count: 10))
        #expect(plans[1].skippedLayers.count == 5)
    }

    @Test("What keeps a field from changing anything is told, and so is the task that it is not of")
    func idle() throws {
        let exact = AccelerationProfile.off
        #expect(exact.idleReason(of: "velocityCache.threshold") == "changes nothing while velocityCache.policy is off")
        #expect(exact.idleReason(of: "tokens.layer") == "changes nothing while tokens.dropRatio is 0")
        #expect(exact.idleReason(of: "headCache.interval", for: .understanding) == "changes nothing in answering")
        #expect(exact.idleReason(of: "reading.scale", for: .generation) == "changes nothing in drawing")
        // Nothing is said of what turns a mechanism on.
        for field in [
            "velocityCache.policy", "tokens.dropRatio", "headCache.interval", "ffn.full", "blockCache.layers",
            "frameCache.threshold", "schedule.sampler", "guidance.conditionalTail", "reading.scale", "nonsense",
        ] {
            #expect(exact.idleReason(of: field) == nil, "\(field)")
        }
        for (on, then) in [
            ("velocityCache.policy=easyCache", "velocityCache.threshold"), ("tokens.dropRatio=0.5", "tokens.layer"),
            ("headCache.interval=2", "headCache.order"), ("blockCache.layers=2", "blockCache.threshold"),
            ("frameCache.threshold=0.1", "frameCache.margin"), ("features.interval=2", "features.order"),
            ("layers.generationRatio=0.2", "layers.refreshInterval"), ("ffn.full=end", "ffn.fullFraction"),
            ("layers.understandingRatio=0.2", "layers.understandingChoice"),
            ("guidance.earlyFraction=0.2", "guidance.earlyFactor"),
        ] {
            #expect(exact.idleReason(of: then) != nil, "\(then)")
            let parts = on.split(separator: "=").map(String.init)
            #expect(try exact.setting(parts[0], to: parts[1]).idleReason(of: then) == nil, "\(then)")
        }
        // What is tuned or preset has no idle fields.
        for (name, preset) in AccelerationProfile.presets {
            for change in preset.changes.split(separator: "; ") {
                let field = String(change.prefix { $0 != "=" })
                #expect(preset.idleReason(of: field) == nil, "\(name): \(field)")
            }
        }
    }
}
