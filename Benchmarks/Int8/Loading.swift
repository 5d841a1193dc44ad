public import ArgumentParser
import Benchmarking
public import Compute
import Foundation
import ShowO2
import Tensors

/// Writes a model folder of a true geometry with random bfloat16 weights, to measure loading and conversion on.
struct RandomFolder: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model folder with random weights.",
        discussion: "EXAMPLE\n  swift run -c release int8 random-folder /tmp/random-1.5b")

    @Argument(help: "The folder to make.")
    var folder: String

    @Option(help: "\(ShowO2Geometry.known.keys.sorted().joined(separator: ", ")).")
    var geometry = "show-o2-1.5b"

    func run() throws {
        guard let geometry = ShowO2Geometry.known[geometry] else {
            throw ValidationError("no geometry is called \(geometry)")
        }
        let url = URL(fileURLWithPath: folder)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        let config = [
            "hidden_size": geometry.llm.hidden, "image_latent_dim": geometry.latentChannels,
            "image_latent_height": geometry.gridHeight, "image_latent_width": geometry.gridWidth,
            "patch_size": geometry.patch,
        ]
        try JSONSerialization.data(withJSONObject: config).write(to: url.appendingPathComponent("config.json"))
        try write(RandomWeights(geometry), to: url.appendingPathComponent("model.safetensors"))
        try write(
            RandomVAEWeights(width: 96, latent: geometry.latentChannels),
            to: url.appendingPathComponent("vae.safetensors"))
    }

    private func write(_ weights: any TensorSource, to file: URL) throws {
        let entries = weights.names.compactMap { name in weights.info(name).map { (name: name, info: $0) } }
        try SafetensorsWriter.write(entries, to: file) { try weights.tensor(entries[$0].name) }
    }
}

/// Loads a folder once and tells the time, the packed bytes, and the most memory that the process had at any moment.
struct Loading: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time and peak memory of loading a model folder.",
        discussion: "EXAMPLE\n  swift run -c release int8 loading /tmp/random-1.5b --precision bf16")

    @Argument(help: "The model folder.")
    var folder: String

    @Option(help: "Of weights and products.")
    var precision = Precision.bf16

    func run() throws {
        let url = URL(fileURLWithPath: folder)
        let clock = ContinuousClock()
        let start = clock.now
        let weights = try openWeights(in: url)
        let model = try ShowO2Model(
            geometry: ShowO2Geometry(folder: url, weights: weights), weights: weights,
            compute: CPUCompute(precision: precision))
        let time = (clock.now - start).inSeconds
        let packed = Double(model.byteCount)
        let peak = Double(SystemMemory.peak)
        print(
            String(
                format: "%@: loaded in %.2f s, %.3f GB packed in layers, peak memory %.3f GB (%.2f of it)",
                precision.rawValue, time, packed / 1e9, peak / 1e9,
                peak / packed))
    }
}

extension Precision: ExpressibleByArgument {}
