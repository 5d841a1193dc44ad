import FlashU
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
        ("tokens.layer", "99"),
        ("headCache.order", "3"), ("layers.refreshInterval", "0"), ("schedule.stepsFactor", "0"),
    ])
    func valuesOutOfRangeAreNamed(path: String, value: String) throws {
        let profile = try AccelerationProfile.off.setting(path, to: value)
        let error = #expect(throws: ProfileError.self) { try profile.validate(layers: 28) }
        #expect(error?.description.hasPrefix("\(path) is ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("between") == true)
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
        let without = try AccelerationProfile.balanced.setting("ffn.generationRatio", to: "0")
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
}
