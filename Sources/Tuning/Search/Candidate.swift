import Compute
import FlashU

/// A configuration under test.
struct Candidate: Sendable, Equatable, Hashable {
    /// What differs from the exact engine, by field.
    var changes: [String: String]
    /// Of weights and activations.
    var precision: Precision
    /// What it is made of, by knob: for the page.
    var choices: [String: String]

    /// The exact engine.
    static func exact(_ precision: Precision) -> Candidate {
        Candidate(changes: [:], precision: precision, choices: [:])
    }

    /// With another choice on top.
    func with(_ option: Knob.Option, of knob: String) -> Candidate {
        var candidate = self
        candidate.changes.merge(option.changes) { $1 }
        if let precision = option.precision { candidate.precision = precision }
        candidate.choices[knob] = option.name
        return candidate
    }

    /// The profile.
    func profile(named name: String = "tuned") throws(ProfileError) -> AccelerationProfile {
        var profile = AccelerationProfile.off
        for (field, value) in changes.sorted(by: { $0.key < $1.key }) {
            profile = try profile.setting(field, to: value)
        }
        profile.name = name
        return profile
    }

    /// One line that says it all and names it in the journal.
    var title: String {
        let fields = changes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return (fields + [precision.rawValue]).joined(separator: "; ")
    }

    static func == (a: Candidate, b: Candidate) -> Bool { a.changes == b.changes && a.precision == b.precision }
    func hash(into hasher: inout Hasher) {
        hasher.combine(changes)
        hasher.combine(precision)
    }
}

/// One thing that can be chosen independently of the others.
struct Knob: Sendable {
    /// One way to set it.
    struct Option: Sendable, Equatable {
        var name: String
        var changes: [String: String]
        var precision: Precision?

        init(_ name: String, _ changes: [String: String], precision: Precision? = nil) {
            (self.name, self.changes, self.precision) = (name, changes, precision)
        }
    }

    var name: String
    /// The ways that change something, mild ones first.
    var options: [Option]
    /// More of the kind of those that did best.
    var refine: (@Sendable (Option) -> [Option])?
}
