import Foundation

extension URL {
    /// A path as the user typed it, in which `~` is the home folder.
    init(userPath path: String) { self.init(fileURLWithPath: (path as NSString).expandingTildeInPath) }
}
