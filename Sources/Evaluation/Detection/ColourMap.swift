import Images

/// An image's background, and what stands before it.
struct ColourMap {
    /// RGB distance from the background that makes a pixel part of an object.
    private static let foregroundDistance = 55
    /// RGB distance within which a pixel votes for a background.
    private static let backgroundDistance = 30

    /// The background's name.
    let background: String
    /// The pixels of objects.
    let foreground: Mask
    /// For each pixel the index of the nearest of ``ShapesWorld/colours``.
    let nearest: [Int]

    init(_ image: RGBImage) {
        let places = 0..<image.width * image.height
        let pixels = image.pixels
        /// Squared distance of a pixel from a colour, times four: colours come doubled, so that medians are whole.
        func distance(_ place: Int, _ doubled: [Int]) -> Int {
            (0..<3).reduce(0) { sum, channel in
                let difference = 2 * Int(pixels[3 * place + channel]) - doubled[channel]
                return sum + difference * difference
            }
        }
        func nearest(_ place: Int, of palette: [[Int]]) -> (index: Int, distance: Int) {
            var best = (index: 0, distance: Int.max)
            for (index, colour) in palette.enumerated() {
                let distance = distance(place, colour)
                if distance < best.distance { best = (index, distance) }
            }
            return best
        }

        let backgrounds = ShapesWorld.backgrounds.map(\.doubled)
        let limit = 4 * Self.backgroundDistance * Self.backgroundDistance
        var voters = backgrounds.map { _ in [Int]() }
        for place in places {
            let (index, distance) = nearest(place, of: backgrounds)
            if distance < limit { voters[index].append(place) }
        }
        let winner = voters.indices.max { (voters[$0].count, -$0) < (voters[$1].count, -$1) } ?? 0
        background = ShapesWorld.backgrounds[winner].name
        // The background as it is in this image: the median of each channel.
        let ground = (0..<3).map { channel in
            let values = voters[winner].map { Int(pixels[3 * $0 + channel]) }.sorted()
            return values.isEmpty
                ? backgrounds[winner][channel] : values[(values.count - 1) / 2] + values[values.count / 2]
        }

        let colours = ShapesWorld.colours.map(\.doubled)
        self.nearest = places.map { nearest($0, of: colours).index }
        let far = 4 * Self.foregroundDistance * Self.foregroundDistance
        foreground = Mask(
            width: image.width, height: image.height, bits: places.map { distance($0, ground) > far })
    }
}

extension ShapesWorld.Colour {
    fileprivate var doubled: [Int] { [2 * red, 2 * green, 2 * blue] }
}
