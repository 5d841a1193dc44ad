import Compute
package import Images
import Tensors

/// Pictures of what images are going to be, while they are drawn: the place to which the velocity points, decoded. Each costs what decoding a
/// finished image costs, and the memory for it beside the network's; the images themselves stay the same to the last bit.
package struct DrawingPreviews {
    /// Pictures of each image, evenly over its evaluations; fewer where there are fewer evaluations before the last.
    let count: Int
    /// Given an image's place, the picture's number from 0, and the picture.
    let take: (Int, Int, RGBImage) -> Void

    /// - Parameters:
    ///   - count: pictures of each image.
    ///   - take: given an image's place, the picture's number from 0, and the picture.
    package init(count: Int, take: @escaping (_ image: Int, _ number: Int, RGBImage) -> Void) {
        (self.count, self.take) = (count, take)
    }

    /// The number of the picture that follows an evaluation, if one does.
    package func number(after evaluation: Int, of total: Int) -> Int? {
        guard evaluation < total - 1 else { return nil }
        // Fewer evaluations than pictures: each shows one.
        let count = min(count, total - 1)
        return (0..<count).first { ($0 + 1) * total / (count + 1) - 1 == evaluation }
    }

    /// Where the velocity points from `latents` at `time`: x + (1 - t) v, `[images, channels, height, width]` float32.
    static func latents(at time: Float, _ latents: Tensor, _ velocity: Tensor) -> Tensor {
        let predicted = latents.toFloat32()
        predicted.add(velocity.toFloat32(), times: 1 - time)
        return predicted
    }
}
