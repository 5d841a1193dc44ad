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
        // libFuzzer starts itself again to merge, with its own arguments only: the environment then names the target.
        let inherited = ProcessInfo.processInfo.environment["FLASHU_FUZZ_TARGET"]
        let isNamed = arguments.count >= 2 && !arguments[1].hasPrefix("-")
        let name = isNamed ? arguments[1] : inherited
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            print("usage: fuzz TARGET [libFuzzer arguments]   (fuzz --list names the targets)")
            exit(2)
        }
        setenv("FLASHU_FUZZ_TARGET", target.name, 1)
        self.target = target
        let passedOn = [arguments[0]] + arguments.dropFirst(isNamed ? 2 : 1)
        var rest: [UnsafeMutablePointer<CChar>?] = passedOn.map { strdup($0) } + [nil]
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
