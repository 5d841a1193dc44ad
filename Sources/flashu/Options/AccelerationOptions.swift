public import ArgumentParser
public import FlashU
import Foundation

/// Options that say what may be done to be faster.
struct AccelerationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What may be done to be faster: a preset (\(AccelerationProfile.presets.keys.sorted().joined(separator: ", "))) or a JSON file. (default: off, the exact engine)",
            valueName: "preset-or-file"),
        completion: .list(AccelerationProfile.presets.keys.sorted()))
    var accelerate: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change one field of the profile, as headCache.interval=4; repeat for several.", valueName: "field=value"))
    var changes: [String] = []

    func validate() throws {
        for change in changes where Self.parts(change) == nil {
            throw ValidationError("--set needs FIELD=VALUE, such as headCache.interval=4, not \"\(change)\".")
        }
    }

    /// The profile. Its name tells how to ask for it again: the preset's or file's, and the changed fields.
    ///
    /// - Parameter sampler: wins over the profile's.
    /// - Throws: `ProfileError`.
    func profile(sampler: Sampler.Kind? = nil) throws(ProfileError) -> AccelerationProfile {
        var profile = try AccelerationProfile.named(accelerate ?? "off")
        // A file that does not name itself would pass for the exact engine.
        if let accelerate, AccelerationProfile.presets[accelerate] == nil, profile.name == AccelerationProfile.off.name
        {
            profile.name = URL(fileURLWithPath: accelerate).deletingPathExtension().lastPathComponent
        }
        for change in changes {
            guard let (field, value) = Self.parts(change) else { continue }
            profile = try profile.setting(field, to: value)
        }
        profile.name = ([profile.name] + changes).joined(separator: " ")
        if let sampler { profile.schedule.sampler = sampler }
        return profile
    }

    private static func parts(_ change: String) -> (field: String, value: String)? {
        let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}

extension AccelerationProfile {
    /// Its name, unless it is the exact engine with whatever solver.
    var shownName: String? {
        var same = self
        same.schedule.sampler = AccelerationProfile.off.schedule.sampler
        same.name = AccelerationProfile.off.name
        return same == .off ? nil : name
    }
}

extension Sampler.Kind: ExpressibleByArgument {
    /// The name by which people know it.
    var title: String {
        switch self {
        case .euler: "Euler"
        case .heun: "Heun"
        case .ab2: "AB2"
        case .dpmpp2m: "DPM++ 2M"
        case .unipc: "UniPC"
        }
    }
}
