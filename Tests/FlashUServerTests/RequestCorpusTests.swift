import FlashUServer
import FlashUTesting
import Foundation
import Testing

/// What fuzzing found of requests: each is read or refused in words that name no more than one line, and nothing crashes.
@Suite struct RequestCorpusTests {
    private func corpus(_ target: String) throws -> [[UInt8]] {
        let folder = RepositoryFiles.root.appendingPathComponent("Fuzz/corpus/\(target)")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty, "\(target)")
        return try files.sorted { $0.path < $1.path }.map { Array(try Data(contentsOf: $0)) }
    }

    private func replay(_ target: String, _ read: (Fields) throws(APIError) -> Void) throws {
        var (good, bad) = (0, 0)
        for bytes in try corpus(target) {
            do throws(APIError) {
                try read(JSONBody.fields(bytes))
                good += 1
            } catch {
                #expect(!error.message.isEmpty && !error.message.contains(where: \.isNewline))
                bad += 1
            }
        }
        #expect(good > 0 && bad > 0, "\(target): \(good) are read, \(bad) refused")
    }

    @Test func requests() throws {
        try replay("server-chat") { fields throws(APIError) in _ = try ChatRequest(fields, maxPictures: 4) }
        try replay("server-images") { fields throws(APIError) in _ = try ImagesRequest(fields) }
        try replay("server-webui") { fields throws(APIError) in _ = try WebUIRequest(fields) }
        try replay("server-json") { fields throws(APIError) in _ = try fields.string("a") }
    }

    @Test func addresses() throws {
        for bytes in try corpus("remote-url") {
            guard let url = try? RemoteURL(String(decoding: bytes, as: UTF8.self)) else { continue }
            #expect(try RemoteURL(url.text) == url)
        }
        for bytes in try corpus("data-url") {
            _ = try? DataURL.data(String(decoding: bytes, as: UTF8.self), param: "url")
        }
        #expect(
            HostName.name(of: "[]") == nil && HostName.name(of: ":80") == nil && HostName.name(of: "[::1]:8") == "::1")
    }
}
