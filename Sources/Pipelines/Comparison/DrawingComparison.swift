public import FlashU
public import Images
import ShowO2
import Tensors

/// The exact engine and profiles from the same noise: what each saves and how far it drifts.
public struct DrawingComparison: Sendable {
    /// One profile's run.
    public struct Row: Sendable {
        /// The profile's name.
        public let name: String
        /// The profile.
        public let profile: AccelerationProfile
        /// Seconds of prompt and denoising, without the VAE.
        public let seconds: Double
        /// Evaluations of the velocity.
        public let evaluations: Int
        /// Evaluations in which the LLM ran.
        public let backbonePasses: Int
        /// Floating-point operations of prompt and denoising.
        public let flops: Int
        /// `||latents - exact|| / ||exact||`; 0 for the exact engine itself.
        public let latentError: Double
        /// The image.
        public let image: RGBImage
    }

    private let model: UnifiedModel

    /// A comparison on a loaded model.
    public init(_ model: UnifiedModel) { self.model = model }

    /// Draws `request` (its first prompt) with the exact engine, then with each profile. The first row is the exact engine's.
    ///
    /// The request's steps are the exact engine's; a profile takes its share of them (`AccelerationProfile/Schedule/stepsFactor`).
    /// - Parameters:
    ///   - request: what is drawn.
    ///   - profiles: what is compared with the exact engine.
    ///   - progress: told the profile's name and the share of its evaluations done.
    /// - Throws: what ``TextToImage/generate(_:)`` throws.
    public func run(
        _ request: TextToImage.Request, profiles: [AccelerationProfile],
        progress: @Sendable (String, Double) -> Void = { _, _ in }
    ) async throws -> [Row] {
        var rows: [Row] = []
        var exact: [Float] = []
        var request = request
        request.prompts = Array(request.prompts.prefix(1))
        let points = request.steps ?? model.geometry.sampling.steps
        for profile in [.off] + profiles {
            request.profile = profile
            request.steps = profile.schedule.points(of: points)
            var backbone = 0
            for try await event in TextToImage(model).generate(request) {
                switch event {
                case .step(let step):
                    if step.trace.head == "computed" { backbone += 1 }
                    progress(profile.name, Double(step.done) / Double(step.total))
                case .image(let drawn):
                    let latents = drawn.latents.floats()
                    if rows.isEmpty { exact = latents }
                    guard let image = drawn.pixels else { continue }
                    rows.append(
                        Row(
                            name: profile.name, profile: profile,
                            seconds: drawn.timings.prefill + drawn.timings.denoising,
                            evaluations: drawn.timings.evaluations, backbonePasses: backbone,
                            flops: drawn.timings.flops,
                            latentError: LatentError.relative(latents, exact), image: image))
                }
            }
            try Task.checkCancellation()
        }
        return rows
    }
}
