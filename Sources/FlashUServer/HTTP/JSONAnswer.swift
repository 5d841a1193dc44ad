import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Tensors

/// Answers as JSON.
enum JSONAnswer {
    static func data(_ value: some Encodable) throws -> Data { try StableJSON.data(value) }

    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        let data = try data(value)
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }
}
