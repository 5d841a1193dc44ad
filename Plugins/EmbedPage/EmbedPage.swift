import Foundation
import PackagePlugin

/// Writes the files of the web page into a Swift file of the target, before it is compiled, so that the program can be copied alone.
@main struct EmbedPage: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = target.directoryURL.appending(path: "Page/Files")
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .map { folder.appending(path: $0, directoryHint: .checkFileSystem) }
            .filter { !$0.hasDirectoryPath }
        let output = context.pluginWorkDirectoryURL.appending(path: "PageFiles.swift")
        return [
            .buildCommand(
                displayName: "Embedding the web page", executable: try context.tool(named: "embed-page").url,
                arguments: [folder.path, output.path], inputFiles: files, outputFiles: [output])
        ]
    }
}
