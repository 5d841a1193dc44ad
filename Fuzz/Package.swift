// swift-tools-version: 6.1
import PackageDescription

// A package of its own, because fuzzing instruments everything it builds. `Parsers` holds links to the main package's
// sources, so that only the parsers are built and their `package` declarations can be reached.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let instrumented: [SwiftSetting] = strict + [.unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"])]

let package = Package(
    name: "Fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-http-types", from: "1.8.0")],
    targets: [
        .target(name: "CLibFuzzer"),
        .systemLibrary(name: "CImageCodecs", path: "Parsers/CImageCodecs"),
        .target(
            name: "CImageShims", path: "Parsers/CImageShims",
            cSettings: [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])],
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("tiff")]),
        .target(name: "Tensors", path: "Parsers/Tensors", swiftSettings: instrumented),
        .target(name: "Tokenizers", path: "Parsers/Tokenizers", swiftSettings: instrumented),
        .target(
            name: "Images", dependencies: ["CImageCodecs", "CImageShims", "Tensors"], path: "Parsers/Images",
            swiftSettings: instrumented),
        // Of these two only the files that the configuration needs, not the engine.
        .target(name: "Compute", dependencies: ["Tensors"], path: "Parsers/Compute", swiftSettings: instrumented),
        .target(
            name: "ShowO2", dependencies: ["Compute", "Tensors"], path: "Parsers/ShowO2", swiftSettings: instrumented),
        // Only what reads the programs' output.
        .target(
            name: "Videos", dependencies: ["Images", "Tensors"], path: "Parsers/Videos", swiftSettings: instrumented),
        // Only what reads lists and records, not what draws and asks.
        .target(name: "Sets", dependencies: ["Tensors"], path: "Parsers/Sets", swiftSettings: instrumented),
        // What users write for ask, generate and chat.
        .target(name: "Parsing", dependencies: ["Tensors"], path: "Parsers/Parsing", swiftSettings: instrumented),
        // What clients of the server send, once it is out of the network. Of the pipelines only what its requests are made of.
        .target(name: "Pipelines", path: "Parsers/Pipelines", swiftSettings: instrumented),
        .target(
            name: "FlashUServer",
            dependencies: [
                "Pipelines", "Images", "Tensors", .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            path: "Parsers/FlashUServer", swiftSettings: instrumented),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "CLibFuzzer", "Tensors", "Tokenizers", "Images", "Videos", "ShowO2", "Sets", "Parsing", "FlashUServer",
            ],
            swiftSettings: instrumented,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
    ]
)
