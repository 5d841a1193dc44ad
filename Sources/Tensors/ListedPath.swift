package import Foundation

extension URL {
    /// The file that a list in this folder names: by a path from the folder, or by an absolute one.
    package func listed(_ path: String) -> URL {
        path.hasPrefix("/") ? URL(fileURLWithPath: path) : appendingPathComponent(path)
    }
}
