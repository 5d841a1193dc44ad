import Compute
import FlashU
import Pipelines
import ShowO2

/// What a run's record says of the engine: the model's contents, the profile field by field, and the arithmetic.
enum RunFingerprint {
    static func fields(
        _ folder: ModelFolder, _ profile: AccelerationProfile, _ precision: Precision
    ) throws -> [String: String?] {
        var fields: [String: String?] = [
            "model": folder.geometry.name, "model_hash": ContentFingerprint.of(model: folder.url),
            "calibration_hash": try folder.calibration() == nil ? nil : ContentFingerprint.of(calibration: folder.url),
            "precision": precision.rawValue, "instructions": CPUCompute.instructionSet,
            "version": "FlashU \(FlashUVersion.current)",
        ]
        // Its name decides nothing.
        for (field, value) in profile.leaves where field != "name" { fields["profile.\(field)"] = value }
        return fields
    }
}
