/// What went wrong with a file or a folder that the user named. Unlike a `ValidationError` it is shown without the
/// usage text, which would not help.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
