import Dispatch
import FlashUTesting
import Foundation
import Images
import Tensors
import Testing

/// Processors without AVX-512 and without AVX2 compute the same, and so do AVX-512's tiles on AVX2 instructions (`wide`): the command, capped by
/// FLASHU_MAX_ISA, which caps
/// oneDNN too (at SSE4.1 for `portable`). The instruction set is chosen once a process, hence processes.
@Suite struct InstructionSetTests {
    /// The built `flashu`, beside the running test program.
    static func flashu() throws -> URL {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var folder = URL(fileURLWithPath: program)
        for _ in 0..<6 {
            folder = folder.deletingLastPathComponent()
            let candidate = folder.appendingPathComponent("flashu")
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
                return candidate
            }
        }
        // `swift test` runs the bundle through a helper of the toolchain's: look where `swift build` puts products.
        let package = Golden.shapes.deletingLastPathComponent().deletingLastPathComponent()
        let found = ["release", "debug"].map { package.appendingPathComponent(".build/\($0)/flashu") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return try #require(found, "flashu is not built")
    }

    /// Runs it, on a thread that may wait, and returns its exit status and stderr.
    static func run(_ arguments: [String], _ environment: [String: String]) async throws -> (Int32, String) {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runAndWait(arguments, environment) })
            }
        }
    }

    private static func runAndWait(_ arguments: [String], _ environment: [String: String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = try flashu()
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test func everyCapGivesTheSameLatentsAndPixels() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-isa-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var latents: [[Float]] = []
        var pixels: [[UInt8]] = []
        for cap in ["", "avx2", "portable", "wide"] {
            let (file, image) = (
                folder.appendingPathComponent("\(cap).safetensors"), folder.appendingPathComponent("\(cap).png")
            )
            let (status, text) = try await Self.run(
                [
                    "generate", "a photo of a red circle", "-m", ShapesModel.folder.path, "--precision", "f32",
                    "--steps",
                    "4", "--seed", "3", "-t", "2", "--save-latents", file.path, "-o", image.path,
                ], ["FLASHU_MAX_ISA": cap])
            try #require(status == 0, "\(text)")
            latents.append(try SafetensorsFile(url: file).tensor("latents").floats())
            pixels.append(try RGBImage(contentsOf: image).pixels)
        }
        for i in 1...3 {
            #expect(relativeError(latents[i], latents[0]) < 1e-5)
            #expect(zip(pixels[i], pixels[0]).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
        // A cap that did nothing would give the same bits: the portable kernels add in another order.
        #expect(latents[2] != latents[0])
    }
}
