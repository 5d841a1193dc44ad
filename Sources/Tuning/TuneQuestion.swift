/// A question on an image or on a video: what a model is tuned on for answering.
public struct TuneQuestion: Sendable {
    /// What is asked about: a path, from the list's folder or absolute.
    public enum Subject: Sendable, Hashable {
        /// An image's file.
        case image(String)
        /// A video's file.
        case video(String)

        /// Whether it is a video.
        var isVideo: Bool { if case .video = self { true } else { false } }

        /// The path.
        public var path: String {
            switch self {
            case .image(let path), .video(let path): path
            }
        }
    }

    /// What is asked about.
    public var subject: Subject
    /// The question.
    public var question: String

    /// A question on an image or a video.
    public init(_ subject: Subject, _ question: String) { (self.subject, self.question) = (subject, question) }
}
