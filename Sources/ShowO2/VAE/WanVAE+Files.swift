public import Foundation
public import Tensors

extension WanVAE {
    /// Where a model folder may have its VAE, in the order in which it is looked for: under its own names, or as diffusers stores it, beside the
    /// network or in a folder of its own.
    public static let fileNames =
        ["vae.safetensors", "Wan2.1_VAE.safetensors", "Wan2.1_VAE.pth"]
        + ["", "vae/"].flatMap { folder in diffusersNames.map { folder + $0 } }
        + ["vae/vae.safetensors", "vae/Wan2.1_VAE.safetensors", "vae/Wan2.1_VAE.pth"]

    private static let diffusersNames = [
        "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin",
        "diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.bin.index.json",
    ]

    /// The VAE file of a model folder, if there is one. diffusers gives the same names to the weights of every kind of network, so a file of
    /// such a name beside the network must hold a VAE to be taken for one.
    public static func file(in folder: URL) -> URL? {
        for name in fileNames {
            let url = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else { continue }
            if name.hasPrefix("diffusion_pytorch_model") {
                guard let weights = try? openWeights(file: url), isVAE(weights) else { continue }
            }
            return url
        }
        return nil
    }

    /// Whether weights are a Wan VAE's, in the official names or in diffusers'.
    public static func isVAE(_ weights: any TensorSource) -> Bool {
        let official = ["encoder.conv1", "decoder.conv1", "conv1", "conv2"]
        let diffusers = ["encoder.conv_in", "decoder.conv_in", "quant_conv", "post_quant_conv"]
        return [official, diffusers].contains { names in
            names.count { weights.contains($0 + ".weight") || weights.contains($0 + ".bias") } >= 3
        }
    }

    /// All that is wrong with a VAE's weights: tensors that are missing, or of another shape or type than it needs. Their elements are not
    /// read.
    ///
    /// - Parameters:
    ///   - weights: the tensors under their official names.
    ///   - channels: of a latent pixel.
    public static func problems(weights: any TensorSource, channels: Int) -> [ModelProblem] {
        let findings = WeightFindings(file: weights.location)
        do {
            try inspect(try named(weights), channels: channels, findings)
        } catch {
            findings.add(error)
        }
        return findings.problems
    }
}

/// Opens the weights of the network in a model folder, under the names that Hugging Face repositories use; a VAE of such a name is passed over.
///
/// - Throws: `WeightError`, as `openWeights(in:)`.
public func openNetworkWeights(in folder: URL) throws(WeightError) -> any TensorSource {
    try openWeights(in: folder) { !WanVAE.isVAE($0) }
}
