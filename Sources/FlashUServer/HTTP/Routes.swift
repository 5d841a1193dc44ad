import HTTPTypes
import Hummingbird

/// One thing that the server can be asked for.
struct Route: Sendable {
    let method: HTTPRequest.Method
    let path: String
    /// Whether it is told without a key.
    var isPublic = false
    /// Whether programs may ask for it, and `/openapi.json` tells of it; the page's files are for browsers.
    var isOfAPI = true
    let handle: @Sendable (Request, Exchange) async throws -> Response
}

/// All routes by path.
struct Routes: Sendable {
    private let byPath: [String: [HTTPRequest.Method: Route]]

    init(_ routes: [Route]) {
        byPath = Dictionary(grouping: routes, by: \.path).mapValues { routes in
            Dictionary(routes.map { ($0.method, $0) }) { first, _ in first }
        }
    }

    /// The route that a request is for; `HEAD` is for what `GET` is.
    /// - Throws: ``APIError`` 404 for a path that isn't there, 405 for one that has other methods.
    func route(_ method: HTTPRequest.Method, _ path: String) throws(APIError) -> Route {
        guard let methods = byPath[path] else {
            throw APIError(.notFound, "invalid_request_error", "there is no such path", code: "not_found").leavingBody
        }
        if let route = methods[method] ?? (method == .head ? methods[.get] : nil) { return route }
        var error = APIError(
            .methodNotAllowed, "invalid_request_error", "this path does not take \(method.rawValue.prefix(16))",
            code: "method_not_allowed")
        error.allow = methods.keys.map(\.rawValue).sorted().joined(separator: ", ")
        throw error.leavingBody
    }
}
