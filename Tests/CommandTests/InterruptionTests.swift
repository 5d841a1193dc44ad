import FlashUTesting
import Foundation
import Testing

/// Ctrl-C, closed pipes: the end comes soon, says little and leaves nothing behind.
@Suite("Interruptions") struct InterruptionTests {
    /// Starts a long drawing and sends signals; the seconds from the first signal to the end.
    func interrupted(
        _ place: Workplace, after delay: Double, _ signals: [Int32]
    ) throws -> (run: CommandRun, seconds: Double) {
        var sent = Date()
        let run = try place.run(
            "generate", "a photo of a red circle", "-m", Golden.shapes.path, "--steps", "1000", "-n", "8"
        ) { pid in
            usleep(UInt32(delay * 1e6))
            sent = Date()
            for number in signals { kill(pid, number) }
        }
        return (run, Date().timeIntervalSince(sent))
    }

    @Test("While drawing: status 128 + signal within a step, no file", arguments: [SIGINT, SIGTERM, SIGHUP])
    func drawing(signal: Int32) throws {
        let place = try Workplace()
        let (run, seconds) = try interrupted(place, after: 2.5, [signal])
        #expect(run.status == 128 + signal, "\(run)")
        #expect(run.errorLines.count == 1 && run.errors.hasPrefix("flashu: interrupted"), "\(run)")
        #expect(run.output == "")
        #expect(seconds < 10, "a step takes a fraction of a second")
        #expect(place.leftovers == [])
    }

    @Test("While starting and loading", arguments: [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
    func loading(delay: Double) throws {
        let place = try Workplace()
        let (run, seconds) = try interrupted(place, after: delay, [SIGINT])
        // Before the handler stands, the signal itself ends the process; a shell sees 130 either way.
        #expect(run.status == 130 || run.signal == SIGINT, "\(run)")
        #expect(run.errorLines.count <= 1, "\(run)")
        #expect(seconds < 10)
        #expect(place.leftovers == [])
    }

    @Test("A second Ctrl-C ends at once")
    func twice() throws {
        let place = try Workplace()
        let (run, seconds) = try interrupted(place, after: 2.5, [SIGINT, SIGTERM])
        #expect(run.status == 130 || run.status == 143, "\(run)")
        #expect(seconds < 5)
        #expect(place.leftovers == [])
    }

    @Test("While answering")
    func answering() throws {
        let place = try Workplace()
        // These tokens lead the nano model into an endless answer.
        let run = try place.run(
            "ask", "-m", Golden.model("nano").path, "--image-latents",
            Golden.folder.appendingPathComponent("mmu_image_nano.safetensors").path, "--prefix-ids", "1,2",
            "--question-ids", "3,4", "--max-tokens", "30000"
        ) { pid in
            usleep(1_500_000)
            kill(pid, SIGINT)
        }
        #expect(run.status == 130, "\(run)")
        #expect(run.errorLines.count == 1)
    }

    @Test("A reader that has gone away: no word, no trace, and files are whole")
    func closedPipe() throws {
        let place = try Workplace()
        let run = try place.run(
            "generate", "a red circle", "-m", Golden.shapes.path, "--steps", "2", "-W", "32", "-o", "out.png",
            closedOutput: true)
        #expect(run.status == 141, "\(run)")
        #expect(run.remarks == [])
        #expect(place.leftovers == ["out.png"])
        for arguments in [["inspect", Golden.model("nano").path], ["--help"], ["generate", "--help"]] {
            let run = try CommandRun.flashu(arguments, in: place.results, closedOutput: true)
            #expect(run.signal == nil && run.errors == "", "\(run)")
        }
    }
}
