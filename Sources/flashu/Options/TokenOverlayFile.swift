import FlashU
import Foundation
import Images
import Pipelines
import ShowO2

/// The file of `--overlay`.
struct TokenOverlayFile {
    private let url: URL
    private let profile: AccelerationProfile

    /// - Throws: ``CommandError`` when the profile drops no tokens, or the file could not be written.
    init(_ path: String, profile: AccelerationProfile) throws(CommandError) {
        guard profile.tokens.dropRatio > 0 else {
            throw CommandError(
                "--overlay shows which image tokens were dropped, and this profile drops none; add --set tokens.dropRatio=0.5"
            )
        }
        url = OutputFiles.names(path, count: 1)[0]
        self.profile = profile
        try OutputFiles.check(url)
    }

    /// Draws the overlay and writes it; the PNG's texts tell the profile and how many tokens stayed.
    func write(_ image: RGBImage, grid: TokenGrid, kept: [Int]) throws {
        let drawn = try TokenOverlay.draw(image, grid: grid, kept: kept)
        let text = [
            (key: "Acceleration", value: profile.name), (key: "Profile", value: profile.json),
            (key: "Tokens kept", value: "\(kept.count) of \(grid.tokens)"),
        ]
        try Interruption.whileWriting { try drawn.write(to: url, text: text) }
    }
}
