import FlashU
import HTTPTypes
import Images
import NIOHTTP1
import ShowO2
import Tokenizers
import Videos

extension APIError {
    /// What a client is told of an error. Nothing of this machine (paths, addresses) is told beyond what the library says of the request itself.
    ///
    /// - Parameter memory: the server's own limit in bytes, if it has one.
    init(_ error: any Error, memory: Int? = nil) {
        switch error {
        case let error as APIError: self = error
        case let error as ModelError:
            switch error {
            case .request(let reason): self = .invalid(nil, reason)
            case .memory(let needed, let available):
                self =
                    memory.map { needed > $0 } ?? false
                    ? .invalid(nil, error.description, code: "insufficient_memory")
                    : .unavailable(
                        "this needs \(needed / 1_000_000) MB of memory, \(available / 1_000_000) MB are there",
                        code: "insufficient_memory", retryAfter: 30)
            case .notFinite:
                self = APIError(.internalServerError, "server_error", error.description, code: "not_finite")
            case .configuration, .contradiction, .missing:
                self = APIError(
                    .notImplemented, "server_error", "the model that is served lacks what this needs",
                    code: "model_incomplete")
            }
        case let error as ProfileError: self = .invalid("accelerate", error.description)
        case let error as ImageError: self = .invalid(nil, error.description, code: "invalid_image")
        case let error as VideoError: self = .invalid(nil, error.description, code: "invalid_video")
        case is TokenizerError:
            self = APIError(
                .notImplemented, "server_error", "the model that is served has no usable tokenizer",
                code: "model_incomplete")
        case is RequestDeadline.Passed:
            self = APIError(
                .gatewayTimeout, "server_error", "the request took longer than this server allows", code: "timeout")
        case is HTTPParserError:
            self =
                APIError(
                    .badRequest, "invalid_request_error", "the body's framing is no HTTP", code: "invalid_http"
                ).leavingBody
        case is CancellationError:
            self = .unavailable("the request was cancelled", code: "cancelled", retryAfter: 5)
        default:
            self = APIError(.internalServerError, "server_error", "an internal error; the server's log says more")
        }
    }
}
