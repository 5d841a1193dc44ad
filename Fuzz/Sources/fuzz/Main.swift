import CLibFuzzer
import Foundation

/// `fuzz TARGET [libFuzzer's arguments]`, `fuzz --list`, `fuzz --seed FOLDER`.
@main
enum Main {
    /// Set once, before fuzzing starts.
    nonisolated(unsafe) static var target: FuzzTarget?

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 2, arguments[1] == "--list" {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        if arguments.count == 3, arguments[1] == "--seed" {
            do {
                for target in FuzzTarget.all { try target.writeSeeds(to: URL(fileURLWithPath: arguments[2])) }
            } catch {
                print("fuzz: \(error)")
                exit(1)
            }
            return
        }
        guard arguments.count >= 2, let target = FuzzTarget.all.first(where: { $0.name == arguments[1] }) else {
            print("usage: fuzz TARGET [libFuzzer arguments]   (fuzz --list names the targets)")
            exit(2)
        }
        self.target = target
        var rest: [UnsafeMutablePointer<CChar>?] = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) } + [nil]
        var count = CInt(rest.count - 1)
        let status = rest.withUnsafeMutableBufferPointer { buffer in
            var pointer = buffer.baseAddress
            return LLVMFuzzerRunDriver(&count, &pointer) { bytes, size in
                Main.target?.run(Data(UnsafeRawBufferPointer(start: bytes, count: size)))
                return 0
            }
        }
        exit(status)
    }
}
