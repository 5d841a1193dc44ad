/// What went wrong with a file or a folder that the user named. Unlike a `ValidationError` it is shown without the
/// usage text, which would not help.
package struct CommandError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
