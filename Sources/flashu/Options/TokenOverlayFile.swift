import FlashU
import Foundation
import Images
import Pipelines
import ShowO2

/// The file of `--overlay`.
struct TokenOverlayFile {
    private let file: ImageOutput
    private let profile: AccelerationProfile

    /// - Throws: ``CommandError`` when the profile drops no tokens, or the format can't be written.
    init(_ path: String, profile: AccelerationProfile, _ plan: inout FilePlan) throws(CommandError) {
        guard profile.tokens.dropRatio > 0 else {
            throw CommandError(
                "--overlay shows which image tokens were dropped, and this profile drops none; add --set tokens.dropRatio=0.5"
            )
        }
        file = try ImageOutput(plan.writes(path, "--overlay"))
        self.profile = profile
    }

    /// Draws the overlay and writes it; a PNG's texts tell the profile and how many tokens stayed.
    func write(_ image: RGBImage, grid: TokenGrid, kept: [Int]) throws {
        let drawn = try TokenOverlay.draw(image, grid: grid, kept: kept)
        let text = [
            (key: "Acceleration", value: profile.changes), (key: "Profile", value: profile.json),
            (key: "Tokens kept", value: "\(kept.count) of \(grid.tokens)"),
        ]
        try file.write(drawn, text: text)
    }
}
