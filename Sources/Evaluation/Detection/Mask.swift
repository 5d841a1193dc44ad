/// A set of pixels of an image, and the operations of mathematical morphology on it. Outside the image nothing is set.
struct Mask: Sendable, Equatable {
    let width: Int
    let height: Int
    /// [height * width], row by row.
    var bits: [Bool]

    init(width: Int, height: Int, bits: [Bool]) {
        self.width = width
        self.height = height
        self.bits = bits
    }

    /// An empty set.
    init(width: Int, height: Int) {
        self.init(width: width, height: height, bits: [Bool](repeating: false, count: width * height))
    }

    /// Pixels in the set.
    var area: Int { bits.reduce(0) { $0 + ($1 ? 1 : 0) } }

    var isEmpty: Bool { !bits.contains(true) }

    /// The smallest box around the set, or nil if it is empty.
    var box: (x: ClosedRange<Int>, y: ClosedRange<Int>)? {
        var (left, right, top, bottom) = (width, -1, height, -1)
        for y in 0..<height {
            for x in 0..<width where bits[y * width + x] {
                (left, right) = (min(left, x), max(right, x))
                (top, bottom) = (min(top, y), max(bottom, y))
            }
        }
        return right < 0 ? nil : (left...right, top...bottom)
    }

    /// The pixels that both have. The sizes must be equal.
    func intersection(_ other: Mask) -> Mask {
        Mask(width: width, height: height, bits: zip(bits, other.bits).map { $0 && $1 })
    }

    /// What stays when the four neighbours of every pixel outside the set are taken away, `times` over.
    func eroded(_ times: Int = 1) -> Mask { repeated(times) { $0 && $1 } }

    /// What it becomes when the four neighbours of every pixel are added, `times` over.
    func dilated(_ times: Int = 1) -> Mask { repeated(times) { $0 || $1 } }

    /// Eroded, then dilated: what is too thin vanishes.
    func opened(_ times: Int) -> Mask { eroded(times).dilated(times) }

    /// The set with the holes filled from which no path of four-neighbours leads out of the image.
    func holesFilled() -> Mask {
        var padded = Mask(width: width + 2, height: height + 2, bits: [])
        padded.bits = [Bool](repeating: true, count: padded.width * padded.height)
        for y in 0..<height {
            for x in 0..<width { padded.bits[(y + 1) * padded.width + x + 1] = !bits[y * width + x] }
        }
        let outside = padded.components(diagonal: false).first { $0.contains(0) } ?? []
        var filled = Mask(width: width, height: height, bits: [Bool](repeating: true, count: bits.count))
        for place in outside {
            let (x, y) = (place % padded.width - 1, place / padded.width - 1)
            if x >= 0, x < width, y >= 0, y < height { filled.bits[y * width + x] = false }
        }
        return filled
    }

    private func repeated(_ times: Int, _ combine: (Bool, Bool) -> Bool) -> Mask {
        var now = self
        for _ in 0..<max(0, times) {
            let old = now.bits
            for y in 0..<height {
                for x in 0..<width {
                    let i = y * width + x
                    var value = old[i]
                    value = combine(value, x > 0 && old[i - 1])
                    value = combine(value, x + 1 < width && old[i + 1])
                    value = combine(value, y > 0 && old[i - width])
                    value = combine(value, y + 1 < height && old[i + width])
                    now.bits[i] = value
                }
            }
        }
        return now
    }
}
