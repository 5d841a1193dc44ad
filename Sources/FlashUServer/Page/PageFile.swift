import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// A file of the web page.
struct PageFile: Sendable {
    /// Where it is served.
    let path: String
    private let bytes: ByteBuffer
    private let type: String
    /// A name for the contents, in quotation marks.
    private let tag: String

    /// - Parameters:
    ///   - name: its path below the page's folder, such as `script/app.js`.
    ///   - text: what is in it.
    init(name: String, text: String) {
        path = name == "index.html" ? "/" : "/page/" + name
        bytes = ByteBuffer(string: text)
        type = Self.types[name.split(separator: ".").last.map(String.init) ?? ""] ?? "application/octet-stream"
        tag = "\"\(ContentName.of(Data(text.utf8)).prefix(32))\""
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// What a browser may do with the page: load its own files and talk to its own server, show pictures and videos that it holds itself, nothing else.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "media-src blob:", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
        "require-trusted-types-for 'script'",
    ].joined(separator: "; ")

    /// The answer to a request for it: the contents, or 304 where the browser has them.
    func response(to request: Request) -> Response {
        var headers = HTTPFields()
        headers[.eTag] = tag
        // Kept, but asked for each time: a new version of the program has new files.
        headers[.cacheControl] = "no-cache"
        headers[.contentSecurityPolicy] = Self.policy
        for (name, value) in [
            ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if let known = request.headers[.ifNoneMatch], isNamed(in: known) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: bytes))
    }

    /// Whether a list of names has this file's.
    private func isNamed(in list: String) -> Bool {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.contains {
            $0 == "*" || $0 == tag || $0 == "W/" + tag
        }
    }
}
