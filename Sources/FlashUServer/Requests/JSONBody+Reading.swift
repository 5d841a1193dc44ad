import HTTPTypes
import Hummingbird
import NIOCore

extension JSONBody {
    /// Reads a body as it comes, never more than allowed.
    ///
    /// - Parameter share: what it takes of the room that all bodies have.
    /// - Throws: ``APIError``: 408, 413, 415 and 503; `RequestBody` errors.
    static func bytes(
        of request: Request, limit: Int, seconds: Double, share: UploadBudget.Share
    ) async throws -> ByteBuffer {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        guard type == "application/json" else {
            throw unsupported("send JSON, with the header Content-Type: application/json")
        }
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw unsupported("send JSON as it is, not compressed")
        }
        let tooLarge = APIError.tooLarge("the body is larger than the \(limit) bytes that this path takes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        do {
            return try await RequestDeadline.run(seconds: seconds) {
                var all = ByteBuffer()
                for try await var part in request.body {
                    guard part.readableBytes <= limit - all.readableBytes else { throw tooLarge }
                    try share.take(part.readableBytes)
                    all.writeBuffer(&part)
                }
                return all
            }
        } catch is RequestDeadline.Passed {
            throw APIError(
                .requestTimeout, "invalid_request_error", "the body took longer than \(Int(seconds)) s to arrive",
                code: "request_timeout"
            ).leavingBody
        }
    }

    private static func unsupported(_ message: String) -> APIError {
        APIError(.unsupportedMediaType, "invalid_request_error", message, code: "unsupported_media_type").leavingBody
    }

    /// The object that a body holds.
    /// - Throws: ``APIError``.
    static func fields(_ bytes: ByteBuffer) throws(APIError) -> Fields { try fields(Array(bytes.readableBytesView)) }
}
