public import ArgumentParser
import Compute
public import FlashU
import Foundation
import Pipelines

/// Options that say what may be done to be faster.
struct AccelerationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What may be done to be faster: a preset (\(AccelerationProfile.presets.keys.sorted().joined(separator: ", "))), a JSON file (- = standard input), or an image's own \"Acceleration\" text. (default: off, the exact engine)",
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

    /// The profile. Its name tells how it was asked for: the preset's or file's, and the changed fields. A note tells of changes that change nothing.
    ///
    /// - Parameters:
    ///   - folder: whose own profiles go before the presets; nil = none's.
    ///   - base: what the changes are made to where `--accelerate` is not given.
    ///   - sampler: wins over the profile's.
    ///   - task: what it is for; nil = both.
    /// - Throws: `ProfileError`, ``CommandError``.
    func profile(
        _ plan: inout FilePlan, of folder: ModelFolder?, base: AccelerationProfile = .off, sampler: Sampler.Kind? = nil,
        for task: Calibration.Task? = nil
    ) throws -> AccelerationProfile {
        let typed = try accelerate.map { try AccelerationProfile.typed($0, "--accelerate", of: folder, &plan) }
        var profile = typed?.profile ?? base
        let changed = changes.compactMap(Self.parts)
        for (field, value) in changed { profile = try profile.setting(field, to: value) }
        let set = changed.map(\.field)
        profile.noteIdle((typed?.written ?? []).filter { !set.contains($0) })
        profile.noteIdle(set, for: task)
        profile.name = ([profile.name] + changes).joined(separator: " ")
        if let sampler { profile.schedule.sampler = sampler }
        return profile
    }

    /// The precision that a tuned profile was measured with, on a task; nil for every other profile.
    func precision(of folder: ModelFolder, for task: Calibration.Task) throws -> Precision? {
        try accelerate.flatMap { try folder.profile(named: $0)?.entry?[task]?.precision }.flatMap(Precision.init)
    }

    private static func parts(_ change: String) -> (field: String, value: String)? {
        let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}

extension AccelerationProfile {
    /// A profile as the user names it: one of the model's own, a preset, a file, standard input, JSON or changes. Notes tell of what changes nothing in
    /// one that the user wrote.
    init(typed text: String, _ role: String, of folder: ModelFolder?, _ plan: inout FilePlan) throws {
        let typed = try Self.typed(text, role, of: folder, &plan)
        self = typed.profile
        noteIdle(typed.written)
    }

    /// The same without notes, and the fields that the user wrote.
    fileprivate static func typed(_ text: String, _ role: String, of folder: ModelFolder?, _ plan: inout FilePlan)
        throws
        -> (profile: AccelerationProfile, written: [String])
    {
        if let named = try folder?.profile(named: text) {
            if let note = named.note { Terminal.hint(note) }
            return (named.profile, [])
        }
        if let profile = try inline(text) { return (profile, profile.changed.map(\.field)) }
        let file: InputFile = try plan.reads(text, role)
        if let url = file.url, !FileManager.default.fileExists(atPath: url.path) {
            throw ProfileError.unreadable(
                "\(text) is neither a preset (\(presets.keys.sorted().joined(separator: ", "))) nor a file")
        }
        do {
            var profile = try AccelerationProfile(json: file.data(limit: 1 << 20))
            // A file that does not name itself would pass for the exact engine.
            if profile.name == off.name {
                profile.name = file.url?.deletingPathExtension().lastPathComponent ?? "standard input"
            }
            return (profile, profile.changed.map(\.field))
        } catch let error as ProfileError {
            throw CommandError("\(role) \(file.shown): \(error)")
        }
    }

    /// Notes which fields change nothing.
    ///
    /// - Parameter task: what the profile is for; nil = both, as one that is written down may be.
    fileprivate func noteIdle(_ fields: [String], for task: Calibration.Task? = nil) {
        for field in fields {
            if let reason = idleReason(of: field, for: task) { Terminal.hint("\(field) \(reason)") }
        }
    }

    /// What it changes, without the solver, which has a place of its own; nil for the exact engine with whatever solver.
    var recorded: String? {
        var same = self
        same.schedule.sampler = AccelerationProfile.off.schedule.sampler
        return same.changes.isEmpty ? nil : same.changes
    }
}

extension Sampler.Kind: ExpressibleByArgument {
    /// By its name, or by its ``title``.
    public init?(argument: String) {
        guard
            let kind = Self.allCases.first(where: {
                $0.rawValue == argument.lowercased() || $0.title.lowercased() == argument.lowercased()
            })
        else { return nil }
        self = kind
    }

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
