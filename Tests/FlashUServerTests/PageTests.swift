import FlashUServer
import FlashUTesting
import Foundation
import Testing

/// The web page's files and how they are served.
@Suite struct PageTests {
    /// The repository's root.
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What the program holds is what the folder holds.
    @Test func embeddedFilesAreTheFolders() throws {
        let folder = Self.root.appendingPathComponent("Sources/FlashUServer/Page/Files")
        let paths = try #require(FileManager.default.subpaths(atPath: folder.path)).filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(
                atPath: folder.appendingPathComponent($0).path, isDirectory: &isFolder) && !isFolder.boolValue
        }
        #expect(Set(paths) == Set(PageFiles.texts.map(\.name)))
        for (name, text) in PageFiles.texts {
            let file = try Data(contentsOf: folder.appendingPathComponent(name))
            #expect(file == Data(text.utf8), "\(name)")
        }
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// All files are there, with their types, a strict policy and a name for their contents.
    @Test func servesItsFiles() async throws {
        let server = try await TestServer.shared.value
        for (name, text) in PageFiles.texts {
            let path = name == "index.html" ? "/" : "/page/" + name
            let answer = try await server.get(path)
            #expect(answer.status == 200 && answer.body == Data(text.utf8), "\(path)")
            #expect(answer.headers["content-type"] == Self.types[String(name.split(separator: ".").last ?? "")])
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["referrer-policy"] == "same-origin")
            #expect(answer.headers["cache-control"] == "no-cache")
            let policy = try #require(answer.headers["content-security-policy"])
            for rule in [
                "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
                "media-src blob:", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
                "form-action 'none'", "require-trusted-types-for 'script'",
            ] {
                #expect(policy.components(separatedBy: "; ").contains(rule), "\(rule)")
            }
            #expect(!policy.contains("unsafe"))
            let tag = try #require(answer.headers["etag"])
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count == 34)
        }
        let tags = try await withThrowingTaskGroup(of: String?.self) { group in
            for (name, _) in PageFiles.texts where name != "index.html" {
                group.addTask { try await server.get("/page/" + name).headers["etag"] }
            }
            return try await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(Set(tags).count == PageFiles.texts.count - 1)
    }

    /// What a browser has it need not load again; what is another version it must.
    @Test func answersWhatTheBrowserHas() async throws {
        let server = try await TestServer.shared.value
        let tag = try #require(try await server.get("/").headers["etag"])
        for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
            let answer = try await server.get("/", headers: "If-None-Match: \(known)\r\n")
            #expect(answer.status == 304 && answer.body.isEmpty, "\(known)")
            #expect(answer.headers["etag"] == tag && answer.headers["content-security-policy"] != nil)
        }
        for other in ["\"x\"", "", tag.replacingOccurrences(of: "\"", with: "")] {
            #expect(try await server.get("/", headers: "If-None-Match: \(other)\r\n").status == 200, "\(other)")
        }
    }

    @Test func headSaysWhatGetWouldSend() async throws {
        let server = try await TestServer.shared.value
        for path in ["/", "/page/script/app.js"] {
            let whole = try await server.get(path)
            let head = try await server.raw("HEAD \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers["content-length"] == "\(whole.body.count)")
            #expect(head.headers["etag"] == whole.headers["etag"])
            #expect(head.headers["content-type"] == whole.headers["content-type"])
        }
    }

    /// There is no other file, however it is called; and no other method.
    @Test(arguments: [
        "/page", "/page/", "/page/script", "/page/index.html", "/index.html", "/page/../Package.swift",
        "/page/script/../../Package.swift", "/page/%2e%2e/Package.swift", "/page/script/app.js/",
        "/page//script/app.js",
        "/page/script/APP.js", "/page/.git/config", "//", "/favicon.ico",
    ]) func hasNoOtherFile(_ path: String) async throws {
        let answer = try await TestServer.shared.value.get(path)
        #expect(answer.status == 404, "\(path)")
        #expect(answer.error["code"] as? String == "not_found")
    }

    @Test func takesNoOtherMethod() async throws {
        let answer = try await TestServer.shared.value.post("/", ["prompt": "a"])
        #expect(answer.status == 405 && answer.headers["allow"] == "GET")
    }

    /// The page needs no key, and what it does with the server does; a strange host name and another site's page get nothing.
    @Test func keysAndHosts() async throws {
        let server = try await TestServer { $0.keys = try! APIKeys(list: "a-key-for-this-test") }
        #expect(try await server.get("/").status == 200)
        #expect(try await server.get("/page/script/app.js").status == 200)
        #expect(try await server.get("/v1/flashu").status == 401)
        let authorized = try await server.get(
            "/v1/flashu", headers: "Authorization: Bearer a-key-for-this-test\r\n")
        #expect(authorized.status == 200)
        for path in ["/", "/page/script/app.js"] {
            let strange = try await server.raw("GET \(path) HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n")
            #expect(strange.status == 403)
            #expect(try await server.get(path, headers: "Origin: http://evil.test\r\n").status == 403)
        }
        try await server.stop()
    }

    @Test func canBeLeftOut() async throws {
        let server = try await TestServer { $0.servesPage = false }
        #expect(try await server.get("/").status == 404)
        #expect(try await server.get("/page/script/app.js").status == 404)
        #expect(try await server.get("/v1/flashu").status == 200)
        try await server.stop()
    }

    /// Numbers tell of the page as a whole, not of each file.
    @Test func isOnePathInTheNumbers() async throws {
        let server = try await TestServer()
        _ = try await server.get("/")
        _ = try await server.get("/page/script/app.js")
        let text = try await server.get("/metrics").text
        #expect(text.contains("flashu_requests_total{path=\"page\",status=\"200\"} 2"))
        #expect(!text.contains("app.js"))
        try await server.stop()
    }

    /// Nothing in the page leads elsewhere, runs text as a program or makes markup of it.
    @Test func filesHoldNothingThatThePolicyForbids() {
        for (name, text) in PageFiles.texts {
            let plain = text.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
            for word in [
                "http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "new Function", "<style", "style=\"", "onclick=\"", "javascript:",
            ] {
                #expect(!plain.contains(word), "\(name): \(word)")
            }
        }
    }
}
