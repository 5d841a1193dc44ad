import Foundation

/// Where the model is.
enum ModelLocation {
    /// The folder that the user named, or $FLASHU_MODEL, or the embedded model: installed with this program, or in the folder of the sources, found from
    /// the program or from the working directory.
    static func resolve(_ named: String?) throws -> URL {
        if let named = named ?? ProcessInfo.processInfo.environment["FLASHU_MODEL"], !named.isEmpty {
            return URL(userPath: named)
        }
        let program = (Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0]))
            .resolvingSymlinksInPath()
        let beside = program.deletingLastPathComponent()
        let installed = ["../share/flashu/models/shapes", "models/shapes", "share/flashu/models/shapes"]
            .map { beside.appendingPathComponent($0).standardizedFileURL }
        let near = [beside, URL(fileURLWithPath: FileManager.default.currentDirectoryPath)].flatMap { start in
            sequence(first: start) { $0.path == "/" ? nil : $0.deletingLastPathComponent() }.prefix(6)
                .map { $0.appendingPathComponent("Models/shapes") }
        }
        let found = (installed + near).first {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("config.json").path)
        }
        if let found { return found }
        throw CommandError(
            "no model given, and the embedded one (Models/shapes, or \(installed[0].path)) is not with the program \(program.path); "
                + "install both with scripts/install, or name a model's folder with --model DIR or $FLASHU_MODEL")
    }
}
