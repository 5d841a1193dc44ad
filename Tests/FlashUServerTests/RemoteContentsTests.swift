import FlashUServer
import FlashUTesting
import Foundation
import Images
import Synchronization
import Testing

/// Pictures that are fetched: from hosts that are allowed, at public addresses alone, and never more or longer than allowed.
@Suite struct RemoteContentsTests {
    private static let loopback = IPAddress("127.0.0.1")

    /// A server that may fetch from `pictures.test` and `other.test` on a site's port, where these names mean this machine.
    private func server(
        _ site: StubSite, _ change: @Sendable @escaping (inout ServerSettings) -> Void = { _ in }
    ) async throws -> TestServer {
        let hosts = try RemoteHosts([
            "http://pictures.test:\(site.port)", "http://*.many.test:\(site.port)", "http://private.test:\(site.port)",
            "http://127.0.0.1:\(site.port)", "http://nothing.test:1",
        ])
        return try await TestServer { settings in
            settings.remoteHosts = hosts
            settings.network.resolve = { host in
                host == "private.test"
                    ? [IPAddress("10.1.2.3")].compactMap { $0 } : [Self.loopback].compactMap { $0 }
            }
            settings.network.isAllowed = { $0 == Self.loopback }
            change(&settings)
        }
    }

    private func ask(_ server: TestServer, _ url: String, kind: String = "image_url") async throws -> TestServer.Answer
    {
        let content: [[String: Any]] = [
            ["type": kind, kind: ["url": url]], ["type": "text", "text": "what color is it?"],
        ]
        return try await server.post(
            ChatTests.path, ["messages": [["role": "user", "content": content]], "max_tokens": 4])
    }

    private func check(
        _ answer: TestServer.Answer, _ code: String, _ comment: Comment = "",
        kind: String = "image_url", at location: SourceLocation = #_sourceLocation
    ) {
        #expect(answer.status == 400, comment, sourceLocation: location)
        #expect(answer.error["code"] as? String == code, "\(comment) \(answer.text)", sourceLocation: location)
        #expect(
            answer.error["param"] as? String == "messages[0].content[0].\(kind).url", comment,
            sourceLocation: location)
    }

    /// What comes from elsewhere is answered as what is sent along.
    @Test func fetchesFromAllowedHosts() async throws {
        let (png, _) = try ChatTests.sample()
        let site = try StubSite { visitor in
            switch visitor.path {
            case "/a.png?size=1": visitor.answer(png, type: "text/html")
            case "/chunked":
                visitor.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for start in stride(from: 0, to: png.count, by: 1000) {
                    let part = png[start..<min(start + 1000, png.count)]
                    visitor.send("\(String(part.count, radix: 16))\r\n")
                    visitor.send(Data(part))
                    visitor.send("\r\n")
                }
                visitor.send("0\r\n\r\n")
            case "/there": visitor.redirect("a.png?size=1")
            case "/around": visitor.redirect("//x.y.many.test:\(visitor.port)/there")
            default: visitor.answer(Data("no".utf8), status: "404 Not Found")
            }
        }
        let server = try await server(site)
        let sent = try await ask(server, ChatTests.url(png))
        func text(_ answer: TestServer.Answer) -> String? {
            ((answer.json["choices"] as? [[String: Any]])?.first?["message"] as? [String: Any])?["content"] as? String
        }
        #expect(text(sent)?.isEmpty == false)
        for path in ["/a.png?size=1", "/a.png?size=1#part", "/chunked", "/there", "/around"] {
            let answer = try await ask(server, "http://pictures.test:\(site.port)\(path)")
            #expect(text(answer) == text(sent), "\(path): \(answer.text)")
        }
        #expect(text(try await ask(server, "HTTP://A.b.Many.Test:\(site.port)/a.png?size=1")) == text(sent))
        #expect(text(try await ask(server, "http://127.0.0.1:\(site.port)/a.png?size=1")) == text(sent))
        // The host is told the name that it was asked by.
        #expect(site.heads.allSatisfy { $0.lowercased().contains("\r\nhost: ") })
        #expect(site.heads.contains { $0.lowercased().contains("\r\nhost: pictures.test:\(site.port)\r\n") })
        #expect(!site.heads.contains { $0.contains("#part") })
        try await server.stop()
        site.stop()
    }

    /// Hosts that aren't in the list, other ports and schemes, credentials, and what is no address.
    @Test func refusesOtherHosts() async throws {
        let site = try StubSite { $0.answer(Data()) }
        let server = try await server(site)
        let port = site.port
        for url in [
            "http://evil.test:\(port)/", "http://many.test:\(port)/", "http://xmany.test:\(port)/",
            "https://pictures.test:\(port)/", "http://pictures.test/", "http://pictures.test:1/",
            "http://127.0.0.2:\(port)/", "http://localhost:\(port)/", "http://[::1]:\(port)/",
            "http://pictures.test.evil.test:\(port)/",
        ] {
            check(try await ask(server, url), "remote_url_refused", "\(url)")
        }
        for url in [
            "http://pictures.test:\(port)@evil.test/", "http://user:word@pictures.test:\(port)/",
            "ftp://pictures.test/",
            "file:///etc/passwd", "/etc/passwd", "http://", "http://:\(port)/", "http://pictures.test:99999/",
            "http://pictures.test:+80/", "http://pictures.test\\@evil.test/", "http://pictures.test:\(port)/a b",
            "http://pictures.test:\(port)/\r\nX: y", "http://b\u{fc}cher.test/",
            "http://pictures.test.:\(port)/", "http://[fe80::1%25eth0]:\(port)/",
            "http://" + String(repeating: "a", count: 9000),
            "http://%70ictures.test:\(port)/",
        ] {
            check(try await ask(server, url), "invalid_url", "\(url.prefix(60))")
        }
        #expect(site.heads.isEmpty)
        try await server.stop()
        // Without a list nothing is fetched.
        check(
            try await ask(TestServer.shared.value, "http://pictures.test:\(port)/"), "remote_url_refused")
        site.stop()
    }

    /// A name that means an address inside is refused, be it the only one, one of several, or the second answer of a name that meant another a moment ago.
    @Test func refusesAddressesInside() async throws {
        let (png, _) = try ChatTests.sample()
        let site = try StubSite { visitor in
            switch visitor.path {
            case "/inside": visitor.redirect("http://private.test:\(visitor.port)/")
            case "/listed": visitor.redirect("http://evil.test:\(visitor.port)/")
            case "/file": visitor.redirect("file:///etc/passwd")
            case "/none": visitor.answer(Data(), status: "302 Found")
            case "/loop": visitor.redirect("/loop")
            default: visitor.answer(png)
            }
        }
        let asked = Mutex<[String]>([])
        let server = try await server(site) { settings in
            settings.network.resolve = { host in
                let times = asked.withLock { asked in
                    asked.append(host)
                    return asked.count { $0 == host }
                }
                let inside = IPAddress("192.168.0.1")
                let addresses: [IPAddress?] =
                    switch host {
                    case "private.test": [inside]
                    case "two.many.test": [Self.loopback, inside]
                    // First this machine, which the test allows, then another: a second look would be at the wrong one.
                    case "turning.many.test": times == 1 ? [Self.loopback] : [inside]
                    case "empty.many.test": []
                    default: [Self.loopback]
                    }
                return addresses.compactMap { $0 }
            }
        }
        let base = "http://pictures.test:\(site.port)"
        for url in [
            "http://private.test:\(site.port)/", "http://two.many.test:\(site.port)/", base + "/inside",
            base + "/listed",
        ] {
            check(try await ask(server, url), "remote_url_refused", "\(url)")
        }
        check(try await ask(server, base + "/file"), "invalid_url")
        check(try await ask(server, base + "/none"), "remote_url_failed")
        check(try await ask(server, "http://empty.many.test:\(site.port)/"), "remote_url_failed")
        // Three times more and no further.
        let before = site.heads.count
        check(try await ask(server, base + "/loop"), "remote_url_failed")
        #expect(site.heads.count == before + 4)

        let turning = "http://turning.many.test:\(site.port)/a"
        asked.withLock { $0 = [] }
        #expect(try await ask(server, turning).status == 200)
        #expect(asked.withLock { $0 } == ["turning.many.test"], "looked up once, and connected to what was looked at")
        check(try await ask(server, turning), "remote_url_refused")
        try await server.stop()
        site.stop()
    }

    /// What is too large, too slow, endless, no picture, or no HTTP.
    @Test func boundsWhatIsFetched() async throws {
        let site = try StubSite { visitor in
            switch visitor.path {
            case "/large": visitor.answer(Data(repeating: 0, count: 300_000))
            case "/promise": visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
            case "/endless":
                visitor.send("HTTP/1.1 200 OK\r\n\r\n")
                while visitor.send(Data(repeating: 0, count: 10_000)) {}
            case "/slow":
                visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in 0..<300 where visitor.send("a") { usleep(100_000) }
            case "/silent": sleep(20)
            case "/headers":
                visitor.send("HTTP/1.1 200 OK\r\n")
                for number in 0..<1_000_000 where !visitor.send("X-\(number): 1\r\n") { break }
            case "/short": visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
            case "/empty": visitor.answer(Data())
            case "/text": visitor.answer(Data("<html>".utf8))
            case "/garbage": visitor.send("\u{0}\u{1}\r\n\r\n")
            case "/error": visitor.answer(Data("x".utf8), status: "500 Oh")
            default: break
            }
        }
        let server = try await server(site) {
            $0.uploadSeconds = 3
            $0.maxBodyBytes = 100_000
        }
        let base = "http://pictures.test:\(site.port)"
        for (path, code) in [
            ("/large", "remote_contents_too_large"), ("/promise", "remote_contents_too_large"),
            ("/endless", "remote_contents_too_large"), ("/slow", "remote_url_failed"), ("/silent", "remote_url_failed"),
            ("/headers", "remote_url_failed"), ("/short", "remote_url_failed"), ("/empty", "remote_url_failed"),
            ("/text", "invalid_image"), ("/garbage", "remote_url_failed"), ("/error", "remote_url_failed"),
            ("/closed", "remote_url_failed"),
        ] {
            let start = ContinuousClock.now
            check(try await ask(server, base + path), code, "\(path)")
            #expect(ContinuousClock.now - start < .seconds(15), "\(path)")
        }
        check(try await ask(server, "http://nothing.test:1/"), "remote_url_failed")
        check(try await ask(server, base + "/text", kind: "video_url"), "invalid_video", kind: "video_url")
        try await server.stop()
        site.stop()
    }

    /// Over TLS the certificate must be for the name, although an address is connected to.
    @Test func checksCertificates() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (png, _) = try ChatTests.sample()
        try png.write(to: folder.appendingPathComponent("a.png"))
        func openssl(_ arguments: [String]) throws -> (process: Process, output: Pipe) {
            let (process, output) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
            process.arguments = arguments
            process.currentDirectoryURL = folder
            (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
            process.standardInput = Pipe()
            try process.run()
            return (process, output)
        }
        let made = try openssl(
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "key.pem", "-out", "cert.pem",
                "-subj", "/CN=pictures.test", "-addext", "subjectAltName=DNS:pictures.test",
            ])
        made.process.waitUntilExit()
        let site = try openssl(["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", "-WWW"])
        defer { site.process.terminate() }
        // ACCEPT 127.0.0.1:PORT
        var line = ""
        while !line.hasSuffix("\n") || !line.contains("ACCEPT") {
            let byte = site.output.fileHandleForReading.readData(ofLength: 1)
            guard !byte.isEmpty else { break }
            line += String(decoding: byte, as: UTF8.self)
        }
        let port = try #require(
            line.split(separator: ":").last.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) },
            "\(line)")
        let hosts = try RemoteHosts(["pictures.test:\(port)", "wrong.test:\(port)"])
        let certificate = folder.appendingPathComponent("cert.pem").path
        for (isTrusted, host) in [(true, "pictures.test"), (true, "wrong.test"), (false, "pictures.test")] {
            let server = try await TestServer {
                $0.remoteHosts = hosts
                $0.network.resolve = { _ in [Self.loopback].compactMap { $0 } }
                $0.network.isAllowed = { $0 == Self.loopback }
                if isTrusted { $0.network.trustedRoots = certificate }
            }
            let answer = try await ask(server, "https://\(host):\(port)/a.png")
            if isTrusted, host == "pictures.test" {
                #expect(answer.status == 200, "\(answer.text)")
            } else {
                check(answer, "remote_url_failed")
            }
            try await server.stop()
        }
    }

    /// Each kind of address that is none of the public internet, and neighbours that are.
    @Test func knowsPublicAddresses() throws {
        for text in [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
            "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
            "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
            "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
            "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
            "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "100::1",
            "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1",
            "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "3fff::1", "3fff:fff::1", "5f00::1",
            "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "4000::1",
        ] {
            #expect(try #require(IPAddress(text)).isPublic == false, "\(text)")
        }
        for text in [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.0.0.1",
            "128.0.0.1", "169.253.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "192.167.0.1", "198.17.0.1",
            "198.20.0.1", "203.0.114.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:4860::8888",
            "2003::1", "3ffe::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        ] {
            let address = try #require(IPAddress(text))
            #expect(address.isPublic, "\(text)")
            #expect(IPAddress(address.description) == address)
        }
        for text in ["", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "1.2.3.256", ":::", "fe80::1%eth0", "a"] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }

    /// Entries of the list.
    @Test func readsTheList() throws {
        for entry in [
            "", "*", "*.", "*.org", "*.1.2.3.4", "a b", "ftp://a.org", "https://", "a.org/", "a.org/path", "u@a.org",
            "a.org:0", "a.org:x", "a..org", "b\u{fc}cher.org", "[::1", "a*.org", "https://*.*.org",
        ] {
            #expect(throws: RemoteHosts.Fault.self, "\(entry)") { try RemoteHosts([entry]) }
        }
        let hosts = try RemoteHosts(["Images.Example.org", "*.many.org:8443", "http://[2606:4700:0::1]"])
        func allows(_ url: String) throws -> Bool { hosts.allow(try RemoteURL(url)) }
        #expect(try allows("https://images.example.ORG/a") && allows("https://images.example.org:443"))
        #expect(try allows("https://a.many.org:8443/") && allows("https://a.b.many.org:8443/?x"))
        #expect(try allows("http://[2606:4700::1]/") && !hosts.isEmpty)
        #expect(try !allows("http://images.example.org/") && !allows("https://many.org:8443/"))
        #expect(try !allows("https://a.many.org/") && !allows("https://aimages.example.org/"))
        #expect(try RemoteURL("https://a.org?x=1#y").text == "https://a.org/?x=1")
        #expect(RemoteHosts().isEmpty)
    }
}
