extension Tensor {
    /// bfloat16 values for benchmarks: 1 throughout, or uniform with standard deviation 0.02.
    package static func random(_ shape: [Int], seed: UInt64, ones: Bool) -> Tensor {
        let tensor = Tensor(zeros: shape, dtype: .bfloat16)
        let values = tensor.pointer.assumingMemoryBound(to: UInt16.self)
        let count = tensor.count
        if ones {
            values.update(repeating: 0x3f80, count: count)
            return tensor
        }
        // 4,096 values made once and repeated from changing starts.
        var state = seed
        let block = (0..<4096).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let unit = Float(state >> 40) * 0x1p-23 - 1
            return UInt16((unit * 0.0346).bitPattern >> 16)
        }
        for i in 0..<count { values[i] = block[(i &+ i >> 12) & 4095] }
        return tensor
    }

    /// The same for a weight: the same name gives the same values.
    package static func random(_ shape: [Int], named name: String, ones: Bool) -> Tensor {
        random(shape, seed: name.utf8.reduce(5381) { $0 &* 33 &+ UInt64($1) }, ones: ones)
    }
}
