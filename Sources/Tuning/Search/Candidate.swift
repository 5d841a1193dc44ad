package import Compute
package import FlashU

/// A configuration under test.
package struct Candidate: Sendable, Equatable, Hashable {
    /// What differs from the exact engine, by field.
    package var changes: [String: String]
    /// Of weights and activations.
    package var precision: Precision
    /// What it is made of, by knob: for the page.
    package var choices: [String: String]

    /// The exact engine.
    package static func exact(_ precision: Precision) -> Candidate {
        Candidate(changes: [:], precision: precision, choices: [:])
    }

    /// See ``Knobs/arePlain(_:)``.
    package var isPlain: Bool { Knobs.arePlain(choices) }

    /// With another choice on top.
    package func with(_ option: Knob.Option, of knob: String) -> Candidate {
        var candidate = self
        candidate.changes.merge(option.changes) { $1 }
        if let precision = option.precision { candidate.precision = precision }
        candidate.choices[knob] = option.name
        return candidate
    }

    /// The profile.
    package func profile(named name: String = "tuned") throws(ProfileError) -> AccelerationProfile {
        var profile = AccelerationProfile.off
        for (field, value) in changes.sorted(by: { $0.key < $1.key }) {
            profile = try profile.setting(field, to: value)
        }
        profile.name = name
        return profile
    }

    /// One line that says it all and names it in the journal.
    package var title: String {
        let fields = changes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return (fields + [precision.rawValue]).joined(separator: "; ")
    }

    package static func == (a: Candidate, b: Candidate) -> Bool { a.changes == b.changes && a.precision == b.precision }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(changes)
        hasher.combine(precision)
    }
}

/// One thing that can be chosen independently of the others.
package struct Knob: Sendable {
    /// One way to set it.
    package struct Option: Sendable, Equatable {
        package var name: String
        package var changes: [String: String]
        package var precision: Precision?

        package init(_ name: String, _ changes: [String: String], precision: Precision? = nil) {
            (self.name, self.changes, self.precision) = (name, changes, precision)
        }
    }

    package var name: String
    /// The ways that change something, mild ones first.
    package var options: [Option]
    /// Whether the options lose and save more from one to the next.
    package var isOrdered: Bool
    /// More of the kind of those that did best.
    package var refine: (@Sendable (Option) -> [Option])?

    /// A knob.
    package init(
        name: String, options: [Option], isOrdered: Bool = false, refine: (@Sendable (Option) -> [Option])? = nil
    ) {
        (self.name, self.options, self.isOrdered, self.refine) = (name, options, isOrdered, refine)
    }
}
