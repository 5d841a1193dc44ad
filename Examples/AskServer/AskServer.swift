import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Asks a running `flashu serve` about a picture: example-ask-server http://127.0.0.1:8080 PICTURE QUESTION
@main
struct AskServer {
    struct Answer: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable { let content: String }
            let message: Message
        }
        let choices: [Choice]
    }

    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 4, let url = URL(string: words[1] + "/v1/chat/completions") else {
            print("usage: example-ask-server ADDRESS PICTURE QUESTION")
            return
        }
        let picture = try Data(contentsOf: URL(fileURLWithPath: words[2])).base64EncodedString()
        let parts: [[String: Any]] = [
            ["type": "image_url", "image_url": ["url": "data:image/png;base64," + picture]],
            ["type": "text", "text": words[3]],
        ]
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONSerialization.data(
            withJSONObject: ["messages": [["role": "user", "content": parts]]])
        let (data, _) = try await URLSession.shared.data(for: request)
        print(try JSONDecoder().decode(Answer.self, from: data).choices[0].message.content)
    }
}
