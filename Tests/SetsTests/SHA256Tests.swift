import Foundation
import Tensors
import Testing

@Suite("SHA-256") struct SHA256Tests {
    @Test(
        "Digests of FIPS 180-4's examples, and of messages around a block's end",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            // Python: hashlib.sha256(b"a" * 64).hexdigest()
            (
                String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"
            ),
        ])
    func examples(message: String, hex: String) {
        #expect(SHA256.hex(Data(message.utf8)) == hex)
    }
}
