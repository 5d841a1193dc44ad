import FlashUTesting
import Foundation
import Testing

/// What crosses into C is made in one place, where it is checked.
@Suite struct OneMakerTests {
    @Test func structsAreMadeInTheFolderOfKernels() throws {
        let sources = RepositoryFiles.root.appending(path: "Sources")
        let names = [
            "linear", "linear_stored", "arrange", "pack", "quantise_weight", "norm", "winograd_input",
            "winograd_product", "winograd_output", "patches",
        ]
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for name in names where text.contains("ck_\(name)(") {
                seen += 1
                #expect(
                    file.path.contains("Compute/CPU/Kernels/"), "\(file.lastPathComponent) makes a ck_\(name) itself")
            }
        }
        #expect(seen >= names.count - 1)
    }
}
