internal import CKernels

/// What the engine runs on.
public enum Machine {
    /// Cores that this process may use.
    public static var cores: Int { Int(ck_cores()) }
}
