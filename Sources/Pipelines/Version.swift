/// The version of this package, written into images and reports.
public enum FlashUVersion {
    /// Semantic version.
    public static let current = "0.1.0"
}
