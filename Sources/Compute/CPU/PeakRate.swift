internal import CKernels

extension CPUCompute {
    /// The rate of multiplications that the machine allows now, in operations a second: the better of oneDNN's product and the processor's peak.
    ///
    /// This is the limit that the engine's products are measured against, in the same run. Neither alone will do: oneDNN's product is far from the
    /// peak on processors without AVX-512, and uses instructions that the engine's kernels do not have on others.
    public func measuredProductLimit(_ precision: Precision, seconds: Double = 1) -> Double {
        max(measuredGEMMRate(precision, seconds: seconds / 2), measuredPeakRate(precision, seconds: seconds / 2))
    }

    /// The rate at which the processor multiplies and adds now, in operations a second: a loop on registers alone, on all threads at once, the best of
    /// some rounds, with the instructions that the engine's own products of a precision use. Those come near to it and do not exceed it.
    public func measuredPeakRate(_ precision: Precision, seconds: Double = 0.5) -> Double {
        let type = precision == .f32 ? CK_F32 : precision == .bf16 ? CK_BF16 : CK_I8
        var operations = [Int64](repeating: 0, count: threads)
        let least = operations.withUnsafeMutableBufferPointer { operations in
            let peak = ck_peak(type: Int32(type), rounds: 100_000, operations: operations.baseAddress)
            return leastSeconds(within: seconds) { pool.run(ck_peak_task, peak, tasks: Int32(threads)) }
        }
        return Double(operations.reduce(0, +)) / least
    }
}
