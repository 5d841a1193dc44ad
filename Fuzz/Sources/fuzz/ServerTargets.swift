import FlashUServer
import Foundation

extension FuzzTarget {
    /// What clients send to the server.
    static let serverTargets: [FuzzTarget] = [
        FuzzTarget(
            name: "server-chat",
            seeds: [
                .text(
                    "parts",
                    #"{"model": "a", "messages": [{"role": "system", "content": "b"}, {"role": "user", "content": [{"type": "text", "text": "c"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"}}, {"type": "video_url", "video_url": {"url": "data:,"}}]}], "max_tokens": 3, "temperature": 0.5, "top_p": 0.9, "top_k": 4, "seed": -1, "stop": ["x", "y"], "stream": true, "stream_options": {"include_usage": true}, "n": 1}"#
                ),
                .text(
                    "draws",
                    #"{"messages": [{"role": "assistant", "content": null}, {"role": "user", "content": "a"}], "modalities": ["text", "image"], "size": "64x64", "num_inference_steps": 5.0, "guidance_scale": 2e0, "negative_prompt": "b", "media_io_kwargs": {"video": {"num_frames": 8}}, "response_format": {"type": "text"}, "accelerate": "fast"}"#
                ),
                .text("surrogates", #"{"messages": [{"role": "user", "content": "\ud83d\ude00\u0000\ud800"}]}"#),
            ]
        ) { data in
            request(data) { fields throws(APIError) in _ = try ChatRequest(fields, maxPictures: 4) }
        },
        FuzzTarget(
            name: "server-images",
            seeds: [
                .text(
                    "all",
                    #"{"prompt": "a", "n": 2, "size": "1024x1024", "quality": "hd", "response_format": "url", "output_format": "webp", "output_compression": 80, "background": "opaque", "moderation": "low", "style": "vivid", "user": "u", "model": "m", "stream": true, "partial_images": 3, "seed": 7, "num_inference_steps": 20, "guidance_scale": 3.5, "negative_prompt": "b", "accelerate": "balanced"}"#
                )
            ]
        ) { data in
            request(data) { fields throws(APIError) in _ = try ImagesRequest(fields) }
        },
        FuzzTarget(
            name: "server-webui",
            seeds: [
                .text(
                    "all",
                    #"{"prompt": "a", "negative_prompt": "b", "steps": 20, "cfg_scale": 7, "seed": -1, "width": 512, "height": 512, "batch_size": 2, "n_iter": 1, "sampler_name": "Euler"}"#
                )
            ]
        ) { data in
            request(data) { fields throws(APIError) in _ = try WebUIRequest(fields) }
        },
        FuzzTarget(
            name: "server-json",
            seeds: [
                .text("object", #"{"a": "text", "b": [1.5e3, {"c": null}]}"#),
                .text("deep", String(repeating: "[", count: 30)), .text("twice", #"{"a": 1, "a": 2}"#),
                .text("numbers", #"{"a": [1e999, -0, 0.1e-5, 18446744073709551616, NaN]}"#),
            ]
        ) { data in
            request(data) { fields throws(APIError) in
                // Whatever is asked of a field, it is there or the error names it.
                _ = try fields.string("a")
                _ = try fields.integer("a", in: 0...9)
            }
        },
        FuzzTarget(
            name: "data-url",
            seeds: [
                .text("png", "data:image/png;base64,iVBORw0KGgo="), .text("plain", "DATA:,x"),
                .text("parameters", "data:image/png;name=a;BASE64,AA=="),
            ]
        ) { data in
            let text = String(decoding: data, as: UTF8.self)
            guard DataURL.isOne(text) else { return }
            do {
                let contents = try DataURL.data(text, param: "url")
                guard !contents.isEmpty, contents.count <= data.count else { fatalError("contents from nothing") }
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "remote-url",
            seeds: [
                .text("usual", "https://images.example.org/a/b.png?x=1&y=%20#part"),
                .text("ports", "HTTP://Example.ORG:8080"), .text("v6", "http://[2606:4700:0::1111]:80/"),
                .text("tricks", "https://a.org@b.org\\@c.org/"),
            ]
        ) { data in
            let text = String(decoding: data, as: UTF8.self)
            guard let url = try? RemoteURL(text) else { return }
            // Written out it is the same address, and Foundation, which makes the request, reads the same host in it.
            guard let again = try? RemoteURL(url.text), again == url else {
                fatalError("\(url.text) is another address")
            }
            guard let read = URL(string: url.text), let host = read.host else { fatalError("\(url.text) is none") }
            guard host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).lowercased() == url.host,
                read.port ?? (url.scheme == .http ? 80 : 443) == url.port, read.user == nil, read.password == nil,
                read.scheme == url.scheme.rawValue
            else { fatalError("\(url.text) is \(host)") }
        },
        FuzzTarget(
            name: "remote-hosts",
            seeds: [
                .text("list", "https://*.example.org:8443\nimages.example.org\nhttp://[::1]:1"),
                .text("url", "a.org\nhttps://a.org/"),
            ]
        ) { data in
            let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
            do {
                let hosts = try RemoteHosts(lines)
                guard let url = try? RemoteURL("https://flashu.invalid/") else { return }
                guard !hosts.allow(url) || lines.contains(where: { $0.lowercased().contains("flashu.invalid") }) else {
                    fatalError("a host is allowed that nobody named")
                }
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "ip-address",
            seeds: [.text("v4", "192.0.2.1"), .text("v6", "2001:db8::1"), .text("mapped", "::ffff:127.0.0.1")]
        ) { data in
            guard let address = IPAddress(String(decoding: data, as: UTF8.self)) else { return }
            guard IPAddress(address.description) == address else { fatalError("\(address) is another address") }
            // Within IPv6 an address is public only if it is outside of it.
            let v4 = address.bytes.count == 4
            if v4, let mapped = IPAddress("::ffff:\(address)"), let translated = IPAddress("64:ff9b::\(address)") {
                guard mapped.isPublic == address.isPublic, translated.isPublic == address.isPublic else {
                    fatalError("\(address) is judged by its form")
                }
            }
        },
        FuzzTarget(
            name: "host-header",
            seeds: [.text("name", "localhost:8080"), .text("v6", "[::1]:80"), .text("odd", "a@b:c:d]")]
        ) { data in
            let text = String(decoding: data, as: UTF8.self)
            guard let name = HostName.name(of: text) else { return }
            guard contains(Array(text.lowercased().utf8), Array(name.utf8)) else { fatalError("a name from nowhere") }
            if HostName.isLoopback(name) {
                guard name == "localhost" || name.hasPrefix("127.") || name.contains("::1") else {
                    fatalError("\(name) is no loopback")
                }
            }
        },
        FuzzTarget(
            name: "api-keys",
            seeds: [.text("keys", "# ours\nsecret-key-one\r\n\tsecret-key-two \n"), .text("short", "short")]
        ) { data in
            let text = String(decoding: data, as: UTF8.self)
            do {
                let keys = try APIKeys(list: text)
                // Each key of the list is found again, what begins like one is not.
                for line in text.split(whereSeparator: \.isNewline) {
                    let key = line.trimmingCharacters(in: .whitespaces)
                    if key.utf8.count > 8, let index = keys.index(of: Array(key.utf8)) {
                        guard index >= 0 else { fatalError("no place") }
                    }
                }
                guard keys.index(of: Array("".utf8)) == nil else { fatalError("no key is a key") }
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "answer-text",
            seeds: [.text("stops", "stop\nST\nhello STthere \n stop"), .text("spaces", " \n\n a  \u{a0} b")]
        ) { data in
            // The first two lines are stop sequences, the rest comes in pieces: cutting it otherwise makes no difference.
            let lines = String(decoding: data, as: UTF8.self).split(
                separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
            guard lines.count == 3 else { return }
            let stops = lines.prefix(2).map(String.init).filter { !$0.isEmpty }
            func text(_ size: Int) -> (whole: String, sent: String) {
                var answer = AnswerText(stops: stops)
                var sent = ""
                let scalars = Array(lines[2].unicodeScalars)
                for start in stride(from: 0, to: scalars.count, by: size) {
                    var piece = String.UnicodeScalarView()
                    piece.append(contentsOf: scalars[start..<min(start + size, scalars.count)])
                    sent += answer.append(String(piece))
                }
                if !answer.isStopped { sent += answer.finish() }
                return (answer.text, sent)
            }
            let (one, all) = (text(1), text(Int.max / 2))
            guard one.whole.utf8.elementsEqual(one.sent.utf8), all.whole.utf8.elementsEqual(all.sent.utf8) else {
                fatalError("what was sent is not the text")
            }
            for stop in stops {
                guard !contains(Array(one.whole.utf8), Array(stop.utf8)) else { fatalError("a stop sequence was sent") }
            }
        },
    ]

    private static func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
        guard whole.count >= part.count else { return false }
        return (0...whole.count - part.count).contains { whole[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// Reads a body; what is wrong is told in one line, which names the field.
    private static func request(_ data: Data, _ read: (Fields) throws(APIError) -> Void) {
        do throws(APIError) {
            try read(JSONBody.fields(Array(data)))
        } catch {
            let line = "\(error.param ?? ""): \(error.message)"
            guard !line.contains("\n"), !line.contains("\u{1b}"), line.utf8.count < 3000 else {
                fatalError("not one line: \(line)")
            }
        }
    }
}
