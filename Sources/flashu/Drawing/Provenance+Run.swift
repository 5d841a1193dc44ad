import Compute
import FlashU
import Pipelines

extension Provenance {
    /// What a run's record says of the engine: the model's contents, the profile field by field, and the arithmetic.
    var runFields: [String: String?] {
        var fields: [String: String?] = [
            "model": model, "model_hash": modelHash, "calibration_hash": calibrationHash,
            "precision": precision.rawValue,
            "instructions": CPUCompute.instructionSet, "version": "FlashU \(FlashUVersion.current)",
        ]
        // Its name decides nothing.
        for (field, value) in profile.leaves where field != "name" { fields["profile.\(field)"] = value }
        return fields
    }
}
