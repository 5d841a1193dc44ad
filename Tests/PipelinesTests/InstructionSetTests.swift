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
    /// A built program, `flashu` or `int8`, beside the running test program.
    static func program(_ name: String) throws -> URL {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var folder = URL(fileURLWithPath: program)
        for _ in 0..<6 {
            folder = folder.deletingLastPathComponent()
            let candidate = folder.appendingPathComponent(name)
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
                return candidate
            }
        }
        // `swift test` runs the bundle through a helper of the toolchain's: look where `swift build` puts products.
        let package = Golden.shapes.deletingLastPathComponent().deletingLastPathComponent()
        let found = ["release", "debug"].map { package.appendingPathComponent(".build/\($0)/\(name)") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return try #require(found, "\(name) is not built")
    }

    /// Runs it, on a thread that may wait, and returns its exit status, stderr and stdout.
    static func run(_ arguments: [String], _ environment: [String: String], program: String = "flashu") async throws
        -> (status: Int32, errors: String, output: String)
    {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runAndWait(program, arguments, environment) })
            }
        }
    }

    private static func runAndWait(
        _ name: String, _ arguments: [String], _ environment: [String: String]
    ) throws -> (status: Int32, errors: String, output: String) {
        let process = Process()
        process.executableURL = try program(name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let errors = Pipe()
        process.standardError = errors
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // Neither fills its pipe: both print a few lines at most.
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, lines)
    }

    @Test func everyCapGivesTheSameLatentsAndPixels() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-isa-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var latents: [[Float]] = []
        var pixels: [[UInt8]] = []
        for cap in ["", "avx2", "portable", "wide", "narrow", "avxvnni", "avx512", "avx512vnni", "avx512dot"] {
            let (file, image) = (
                folder.appendingPathComponent("\(cap).safetensors"), folder.appendingPathComponent("\(cap).png")
            )
            let (status, text, _) = try await Self.run(
                [
                    "generate", "a photo of a red circle", "-m", ShapesModel.folder.path, "--precision", "f32",
                    "--steps",
                    "4", "--seed", "3", "-t", "2", "--save-latents", file.path, "-o", image.path,
                ], ["FLASHU_MAX_ISA": cap])
            try #require(status == 0, "\(text)")
            latents.append(try SafetensorsFile(url: file).tensor("latents").floats())
            pixels.append(try RGBImage(contentsOf: image).pixels)
        }
        for i in 1..<latents.count {
            #expect(relativeError(latents[i], latents[0]) < 1e-5)
            #expect(zip(pixels[i], pixels[0]).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
        // A cap that did nothing would give the same bits: the portable kernels add in another order.
        #expect(latents[2] != latents[0])
    }

    /// int8 sums are exact: products are the same bits on every instruction set (the benchmark program's digest of them), and drawings differ
    /// by the rounding of the other operations only.
    ///
    /// `wide` emulates AVX-512's dot products, of 8-bit integers and of bfloat16 numbers, with their packings, `narrow` those of AVX-VNNI.
    @Test func int8AndBfloat16UnderEveryCap() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-isa-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var latents: [String: [[Float]]] = [:]
        var digests: Set<String> = []
        let caps = [
            ("", "2"), ("", "3"), ("avx2", "1"), ("portable", "2"), ("wide", "2"), ("narrow", "2"), ("avxvnni", "1"),
            ("avx512", "2"), ("avx512vnni", "1"), ("avx512dot", "2"),
        ]
        for (cap, threads) in caps {
            let file = folder.appendingPathComponent("\(cap).safetensors")
            let digest = try await Self.run(["digest", "-t", threads], ["FLASHU_MAX_ISA": cap], program: "int8")
            try #require(digest.status == 0, "\(digest.errors)")
            let words = digest.output.split(whereSeparator: \.isWhitespace).map(String.init)
            // A processor without a cap's instructions takes the most that it has.
            let isTaken = cap.isEmpty || cap.hasPrefix("avx512") || cap == "avxvnni" || words.first == cap
            try #require(words.count == 2 && isTaken, "\(digest.output)")
            digests.insert(words[1])
            for precision in ["int8", "bf16"] {
                let (status, text, _) = try await Self.run(
                    [
                        "generate", "a photo of a red circle", "-m", ShapesModel.folder.path, "--precision", precision,
                        "--steps", "4", "--seed", "3", "-t", threads, "--no-decode", "--save-latents", file.path,
                    ], ["FLASHU_MAX_ISA": cap])
                try #require(status == 0, "\(text)")
                latents[precision, default: []].append(try SafetensorsFile(url: file).tensor("latents").floats())
            }
        }
        #expect(digests.count == 1, "\(digests)")
        // The bf16 and int8 roundings turn differences in the last bit into differences of a step here and there, which guidance
        // amplifies: as far apart as int8 is from float32.
        for (precision, drawn) in latents {
            for other in drawn { #expect(relativeError(other, drawn[0]) < (precision == "int8" ? 0.1 : 0.03)) }
        }
    }
}
