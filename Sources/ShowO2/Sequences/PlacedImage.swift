import Tensors

/// An image, or a frame of a video, among the rows of a pass.
struct PlacedImage {
    /// Its sequence.
    let sequence: Int
    /// The places of its tokens, counted from the first that the sequence reads in this pass.
    let places: Range<Int>
    /// Its tokens, in rows of that sequence.
    var tokens: Range<Int>
    /// `[1, channels, height, width]`
    let latents: Tensor
    /// How a frame's tokens became fewer; nil for an image.
    let pooling: FramePooling?
    let time: Float
    /// Places among its tokens that see nothing but bars.
    let padding: Set<Int>
    /// Where frames are embedded as far as they change: the cells that did, the tokens that they look at, and what is known of the others.
    let changed: (cells: [Int], sources: [Int])?
    let film: SemanticEncoder.FilmKeys?
    /// Whether the others are as they are in the frame before, which has as many rows; else they have no rows.
    let reuses: Bool

    /// An image that is read whole.
    init(_ image: ImagePiece, sequence: Int, places: Range<Int>) {
        (self.sequence, self.places, latents, pooling) = (sequence, places, image.latents, nil)
        (time, padding, tokens) = (image.time, image.padding, places)
        (changed, film, reuses) = (nil, nil, false)
    }

    /// A frame of a video.
    ///
    /// - Parameter film: of the video, where not all of each frame is embedded.
    init(
        _ video: VideoPiece, frame: Int, sequence: Int, places: Range<Int>, _ pooling: FramePooling,
        _ film: SemanticEncoder.FilmKeys?
    ) {
        (self.sequence, self.places, self.pooling) = (sequence, places, pooling)
        latents = video.latents.rows(frame..<frame + 1)
        (time, padding, tokens) = (video.time, video.padding, places)
        (changed, self.film) = (video.changes.map { ($0.cells[frame], pooling.sources(of: $0.cells[frame])) }, film)
        reuses = video.changes?.others == .reuse
    }

    /// The cells that are not embedded, rising.
    var unchanged: [Int] {
        guard let changed else { return [] }
        let cells = Set(changed.cells)
        return places.indices.map { $0 - places.lowerBound }.filter { !cells.contains($0) }
    }

    /// The cells that it has rows of; nil = all.
    var present: [Int]? { reuses ? nil : changed?.cells }

    /// Where its rows of some cells are, counted from its first; the cells must be among those that are ``present``, both rising.
    func rows(of cells: [Int]) -> [Int] {
        guard let present else { return cells }
        let rowOf = Dictionary(uniqueKeysWithValues: zip(present, present.indices))
        return cells.compactMap { rowOf[$0] }
    }

    /// Where the encoder's rows of some tokens are, of a frame of those that some changed cells look at.
    func encoderRows(of tokens: [Int]) -> [Int] {
        guard let pooling else { return tokens }
        let sources = pooling.sources(of: tokens)
        guard let changed else { return sources }
        let going = Set(sources)
        return changed.sources.indices.filter { going.contains(changed.sources[$0]) }
    }

    /// What is known of its tokens before they are looked at in the language model, which sees all that it has rows of.
    var unseen: TokenChoice.Seen { unseen(among: present, nil) }

    /// The same in the semantic encoder, which sees the tokens that become cells, of a frame those of the changed ones alone.
    var unseenInEncoder: TokenChoice.Seen { unseen(among: changed?.cells, pooling) }

    private func unseen(among cells: [Int]?, _ pooling: FramePooling?) -> TokenChoice.Seen {
        TokenChoice.Seen(
            sequence: sequence, count: cells?.count ?? places.count,
            padding: cells.map { cells in Set(cells.indices.filter { padding.contains(cells[$0]) }) } ?? padding,
            pooling: pooling, changed: pooling == nil ? nil : changed)
    }
}

extension SequenceRows {
    /// Leaves out the cells that frames have no rows of, and tells the images where their rows are now. Positions stay as they are.
    mutating func leaveOutAbsent(of images: inout [PlacedImage], sequence: Int) {
        let own = images.indices.filter { images[$0].sequence == sequence }
        let absent = Set(
            own.filter { images[$0].present != nil }.flatMap { i in
                images[i].unchanged.map { images[i].places.lowerBound + $0 }
            })
        guard !absent.isEmpty else { return }
        self = keeping((0..<count).filter { !absent.contains($0) })
        var gone = 0  // before the image
        for i in own {
            let places = images[i].places
            let count = images[i].present?.count ?? places.count
            images[i].tokens = places.lowerBound - gone..<places.lowerBound - gone + count
            gone += places.count - count
        }
    }
}
