import Compute
package import FlashU
package import Images
package import ShowO2
package import Tensors

/// The latents of a video's frames, one after the other. Of frames that changed little only the part that did passes the VAE, the rest is the last frame's.
///
/// What surrounds the part is cut off but for a margin, though the VAE would see all of the frame in the attention of its middle and about 100 pixels
/// around in its convolutions: such latents are near what the whole frame would give, not the same. See `AccelerationProfile/FrameCache`.
package final class FilmEncoding {
    /// Of each frame so far the cells that changed.
    private var cells: [[Int]] = []
    private var memory: FrameMemory
    private let cache: AccelerationProfile.FrameCache
    private let side: Int
    private let patch: Int
    private let channels: Int
    private let shape: [Int]
    /// `[channels, height, width]` of each frame so far.
    private var frames: [Tensor] = []
    private var part: (new: TokenRectangle, encoded: TokenRectangle)?

    /// - Parameter grid: a frame's tokens.
    package init(_ cache: AccelerationProfile.FrameCache, _ grid: TokenGrid, _ geometry: ShowO2Geometry) {
        memory = FrameMemory(cache, grid, geometry)
        self.cache = cache
        (side, patch, channels) = (geometry.pixelsPerToken, geometry.patch, geometry.latentChannels)
        shape = [channels, grid.height * patch, grid.width * patch]
    }

    /// Values of a frame's latents.
    var latentCount: Int { shape.reduce(1, *) }

    /// What of the next frame has to pass the VAE; nil = nothing, and its latents are there.
    package func next(_ frame: RGBImage) -> RGBImage? {
        let news = memory.news(of: frame)
        cells.append(news.cells)
        part = news.part
        guard let part else {
            frames.append(frames[frames.count - 1])
            return nil
        }
        let pixels = part.encoded.scaled(by: side)
        return frame.cropped(columns: pixels.columns, rows: pixels.rows)
    }

    /// The noise of what passes the VAE, from that of the whole frame.
    func cut(_ noise: [Float]) -> [Float] {
        guard let part else { return noise }
        return Tensor(noise, shape: shape).cut(part.encoded.scaled(by: patch)).floats()
    }

    /// Takes the latents `[channels, height, width]` of what passed the VAE.
    package func append(_ latents: Tensor) {
        guard let part, latents.shape != shape, let last = frames.last else { return frames.append(latents) }
        let whole = Tensor(last.floats(), shape: shape)
        whole.paste(
            latents.cut(part.new.inside(part.encoded).scaled(by: patch)), at: part.new.scaled(by: patch))
        frames.append(whole)
    }

    /// The video, once all frames are there.
    package func piece(mask: VideoPiece.Mask, padding: Set<Int>) -> VideoPiece {
        let latents = Tensor(zeros: [frames.count] + shape)  // [frames, channels, height, width]
        for (n, frame) in frames.enumerated() {
            latents.rows(n..<n + 1).copy(from: frame.reshaped([1] + shape))
        }
        frames = []
        let changes = VideoPiece.Changes(cells: cells, others: cache.unchanged)
        return VideoPiece(
            latents: latents, mask: mask, padding: padding, changes: cache.threshold > 0 ? changes : nil)
    }
}

extension Tensor {
    /// Some rows and columns of each channel of `[channels, height, width]`, as a copy.
    fileprivate func cut(_ part: TokenRectangle) -> Tensor {
        let (channels, height, width) = (shape[0], shape[1], shape[2])
        let values = floats()
        var cut: [Float] = []
        cut.reserveCapacity(channels * part.tokens)
        for channel in 0..<channels {
            for row in part.rows {
                let start = (channel * height + row) * width
                cut += values[start + part.columns.lowerBound..<start + part.columns.upperBound]
            }
        }
        return Tensor(cut, shape: [channels, part.rows.count, part.columns.count])
    }

    /// Writes `other` `[channels, rows, columns]` over some rows and columns of each channel of `[channels, height, width]`.
    fileprivate func paste(_ other: Tensor, at part: TokenRectangle) {
        let (height, width) = (shape[1], shape[2])
        let values = other.floats()
        update { i, x in
            let (channel, row, column) = (i / (height * width), i / width % height, i % width)
            guard part.rows.contains(row), part.columns.contains(column) else { return x }
            let place = (channel * part.rows.count + row - part.rows.lowerBound) * part.columns.count
            return values[place + column - part.columns.lowerBound]
        }
    }
}
