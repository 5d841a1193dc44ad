public import FlashU

/// How a server is reached, what it takes on and how much of the machine requests may use.
public struct ServerSettings: Sendable {
    /// The address to listen on.
    public var host = "127.0.0.1"
    /// The port to listen on; 0 = any free one.
    public var port = 8080
    /// Keys of which a request must send one as `Authorization: Bearer KEY`; none = nobody is asked.
    public var keys = APIKeys()
    /// Further names by which the server may be called (the `Host` header) while it listens on a loopback address.
    public var hostNames: [String] = []
    /// Names under which clients may ask for the model, beside its own.
    public var aliases: [String] = []
    /// Requests that are computed or wait for it, at most; those beyond are answered 429.
    public var maxQueue = 128
    /// Bytes that all admitted requests may take together; nil = what the system has.
    public var memory: Int?
    /// What may be done to be faster, unless a request says otherwise.
    public var profile = AccelerationProfile.off
    /// Seconds from a request's arrival to its last byte, at most.
    public var requestSeconds = 1800.0
    /// Seconds that a request's head or body may take to arrive.
    public var uploadSeconds = 60.0
    /// Seconds that running requests have to end once the server is told to stop.
    public var drainSeconds = 30.0
    /// Where a service manager is told how far the server is, as systemd does with `$NOTIFY_SOCKET`; nil = nobody is told.
    public var notifySocket: String?
    /// Bytes of a request's body that may hold pictures or videos.
    public var maxBodyBytes = 64 << 20
    /// Bytes of all headers of a request.
    public var maxHeaderBytes = 32 << 10
    /// Connections at one time.
    public var maxConnections = 1024
    /// Pixels of a picture that is sent.
    public var maxPicturePixels = 40_000_000
    /// Pictures and videos of a conversation.
    public var maxPictures = 64
    /// Frames of a video that are read, unless a request asks for fewer.
    public var videoFrames = 32
    /// Pixels of a picture that is drawn, width times height; nil = the largest that the model was trained for.
    public var maxDrawnPixels: Int?
    /// Whether a size that the model can't draw is refused instead of mapped to the nearest one that it can.
    public var isStrictAboutSizes = false
    /// Bytes of what was read of pictures (keys and values) that are kept for further questions.
    public var imageCacheBytes = 512 << 20
    /// Whether the web page is served.
    public var servesPage = true
    /// Whether prompts and questions are logged.
    public var logsPrompts = false

    /// The defaults: this machine only, port 8080, the exact engine.
    public init() {}

    /// Host and port as they stand in a URL.
    package func address(port: Int) -> String {
        (host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host) + ":\(port)"
    }

    /// Whether only programs on this machine reach the server.
    public var isLoopback: Bool { HostRule.isLoopback(host) }
}
