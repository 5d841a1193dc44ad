import HTTPTypes

/// An answer that says what was wrong, in OpenAI's form: `{"error": {"message", "type", "param", "code"}}`.
package struct APIError: Error, Sendable {
    /// The HTTP status.
    let status: HTTPResponse.Status
    /// `invalid_request_error`, `authentication_error`, `rate_limit_error`, `server_error` ...
    let type: String
    /// One line for people.
    package let message: String
    /// The field of the request that is wrong, such as `messages[0].content`.
    package var param: String?
    /// A name for programs.
    var code: String?
    /// Seconds after which it is worth another try.
    var retryAfter: Int?
    /// Methods that the path has, for 405.
    var allow: String?
    /// Whether the rest of the request's body is not worth reading.
    private(set) var leavesBody = false

    init(
        _ status: HTTPResponse.Status, _ type: String, _ message: String, param: String? = nil, code: String? = nil,
        retryAfter: Int? = nil
    ) {
        (self.status, self.type, self.message) = (status, type, message)
        (self.param, self.code, self.retryAfter) = (param, code, retryAfter)
    }

    /// A field that can't be used.
    static func invalid(_ param: String?, _ message: String, code: String? = nil) -> APIError {
        APIError(.badRequest, "invalid_request_error", message, param: param, code: code)
    }

    static func forbidden(_ message: String) -> APIError {
        APIError(.forbidden, "permission_error", message, code: "forbidden")
    }

    static func tooLarge(_ message: String) -> APIError {
        APIError(.contentTooLarge, "invalid_request_error", message, code: "request_too_large").leavingBody
    }

    static func busy(_ message: String, retryAfter: Int) -> APIError {
        APIError(.tooManyRequests, "rate_limit_error", message, code: "queue_full", retryAfter: retryAfter)
    }

    static func unavailable(_ message: String, code: String, retryAfter: Int) -> APIError {
        APIError(.serviceUnavailable, "server_error", message, code: code, retryAfter: retryAfter)
    }

    /// The same, after which the rest of the request's body is not worth reading.
    var leavingBody: APIError {
        var error = self
        error.leavesBody = true
        return error
    }

    /// What is sent.
    struct Body: Encodable, Sendable {
        struct Detail: Encodable, Sendable {
            let message: String
            let type: String
            let param: String?
            let code: String?

            /// All four are always there.
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(message, forKey: .message)
                try container.encode(type, forKey: .type)
                try container.encode(param, forKey: .param)
                try container.encode(code, forKey: .code)
            }

            private enum CodingKeys: CodingKey { case message, type, param, code }
        }
        let error: Detail
    }

    var body: Body { Body(error: .init(message: message, type: type, param: param, code: code)) }
}
