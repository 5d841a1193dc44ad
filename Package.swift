// swift-tools-version: 6.1
import PackageDescription

/// SwiftPM refuses unsafe flags in packages that are fetched as a dependency.
let isRootPackage = !Context.packageDirectory.contains("/checkouts/")

/// Where Homebrew puts headers and libraries, which compilers on macOS don't search by themselves, and the codecs that pkg-config knows there. On Linux
/// they are found as they are.
#if os(macOS)
    let homebrew = isRootPackage ? Context.environment["HOMEBREW_PREFIX"] ?? "/opt/homebrew" : nil
    let codecs: String? = "spng libturbojpeg libwebp libheif"
#else
    let (homebrew, codecs): (String?, String?) = (nil, nil)
#endif
let foundByC: [CSetting] = homebrew.map { [.unsafeFlags(["-I\($0)/include"])] } ?? []
let foundBySwift: [SwiftSetting] = homebrew.map { [.unsafeFlags(["-Xcc", "-I\($0)/include"])] } ?? []
let foundByLinker: [LinkerSetting] = homebrew.map { [.unsafeFlags(["-L\($0)/lib"])] } ?? []

/// Strictness that every Swift target shares.
let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + foundBySwift

/// The kernels stay optimised in debug builds, where -O0 would make them a hundred times slower. A dependent's debug build goes without.
let kernelFlags: [CSetting] =
    [.define("NDEBUG")] + (isRootPackage ? [.unsafeFlags(["-O3"], .when(configuration: .debug))] : [])

/// oneDNN is what matrix products are measured against. Homebrew's is a later version with another interface: on macOS, and with FLASHU_ONEDNN=0, the limits that
/// `flashu bench` shows are the processor's peak alone.
#if os(macOS)
    let usesOneDNN = false
#else
    let usesOneDNN = Context.environment["FLASHU_ONEDNN"] != "0"
#endif

let package = Package(
    name: "FlashU",
    platforms: [.macOS(.v15)],
    products: [
        .library(
            name: "FlashUKit", targets: ["Tensors", "Tokenizers", "Images", "Videos", "ShowO2", "FlashU", "Pipelines"]),
        .executable(name: "flashu", targets: ["flashu"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        // Ground floor: C.
        .target(name: "CKernels", cSettings: kernelFlags),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(
            name: "CImageCodecs", pkgConfig: codecs,
            providers: [
                .apt([
                    "libspng-dev", "libturbojpeg0-dev", "libwebp-dev", "libgif-dev", "libheif-dev", "libjpeg-dev",
                    "libtiff-dev",
                ]),
                .brew(["libspng", "jpeg-turbo", "webp", "giflib", "libheif", "libtiff"]),
            ]),
        .target(
            name: "CImageShims", cSettings: foundByC,
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("tiff")] + foundByLinker),

        // Swift, each importing only from above.
        .target(name: "Tensors", swiftSettings: strict),
        .target(
            name: "Compute", dependencies: ["CKernels", "Tensors"] + (usesOneDNN ? ["COneDNN"] : []),
            exclude: usesOneDNN ? [] : ["CPU/OneDNN"],
            swiftSettings: strict + (usesOneDNN ? [.define("ONEDNN")] : [])),
        .target(name: "Tokenizers", swiftSettings: strict),
        .target(
            name: "Images", dependencies: ["CImageCodecs", "CImageShims", "Tensors"], swiftSettings: strict),
        .target(
            name: "Videos",
            dependencies: [
                "Images", "Tensors", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: strict),
        .target(name: "ShowO2", dependencies: ["Compute", "Tensors"], swiftSettings: strict),
        .target(name: "FlashU", dependencies: ["ShowO2", "Compute", "Tensors"], swiftSettings: strict),
        .target(
            name: "Pipelines", dependencies: ["FlashU", "ShowO2", "Tokenizers", "Images", "Tensors", "Compute"],
            swiftSettings: strict),
        .target(
            name: "Evaluation", dependencies: ["Pipelines", "FlashU", "ShowO2", "Images", "Tensors", "Compute"],
            swiftSettings: strict),
        .target(
            name: "Sets",
            dependencies: [
                "Pipelines", "FlashU", "ShowO2", "Images", "Tensors", "Compute",
                .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),
        .target(
            name: "Tuning",
            dependencies: [
                "Evaluation", "Pipelines", "FlashU", "ShowO2", "Tokenizers", "Images", "Videos", "Tensors", "Compute",
            ],
            swiftSettings: strict),
        .target(
            name: "Benchmarking", dependencies: ["Pipelines", "FlashU", "ShowO2", "Tokenizers", "Tensors", "Compute"],
            swiftSettings: strict),
        .target(
            name: "FlashUServer",
            dependencies: [
                "Pipelines", "FlashU", "ShowO2", "Tokenizers", "Images", "Videos", "Tensors", "Compute",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            // What the plugin writes into a Swift file.
            exclude: ["Page/Files"], swiftSettings: strict, plugins: ["EmbedPage"]),
        .plugin(
            name: "EmbedPage", capability: .buildTool(), dependencies: ["embed-page"], path: "Plugins/EmbedPage"),
        .executableTarget(name: "embed-page", swiftSettings: strict),
        .executableTarget(
            name: "flashu",
            dependencies: [
                "Benchmarking", "Tuning", "Evaluation", "Sets", "FlashUServer", "Videos", "Pipelines", "FlashU",
                "ShowO2", "Tokenizers",
                "Images",
                "Tensors",
                "Compute",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // Benchmarks.
        .executableTarget(
            name: "denoising-step",
            dependencies: [
                "Benchmarking", "Evaluation", "ShowO2", "Compute", "Tensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/DenoisingStep", swiftSettings: strict),

        .executableTarget(
            name: "frontier",
            dependencies: [
                "Benchmarking", "Tuning", "Evaluation", "Pipelines", "FlashU", "Images", "Compute", "Tensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/Frontier", swiftSettings: strict),

        .executableTarget(
            name: "answers",
            dependencies: [
                "Benchmarking", "FlashU", "ShowO2", "Compute",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/Answers", swiftSettings: strict),

        .executableTarget(
            name: "int8",
            dependencies: [
                "Benchmarking", "ShowO2", "Compute", "Tensors", "FlashUTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/Int8", swiftSettings: strict),

        .executableTarget(
            name: "jobs",
            dependencies: [
                "Benchmarking", "Pipelines", "FlashU", "ShowO2", "Images", "Compute", "Tensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/Jobs", swiftSettings: strict),

        // Examples of the library, kept compiling.
        .executableTarget(
            name: "example-draw-sheet", dependencies: ["Pipelines", "Images"], path: "Examples/DrawSheet",
            swiftSettings: strict),
        .executableTarget(
            name: "example-ask-image", dependencies: ["Pipelines", "Images"], path: "Examples/AskImage",
            swiftSettings: strict),

        .executableTarget(
            name: "example-ask-video", dependencies: ["Pipelines", "Images", "ShowO2", "Videos"],
            path: "Examples/AskVideo",
            swiftSettings: strict),

        .executableTarget(
            name: "example-conversation", dependencies: ["Pipelines", "Images"], path: "Examples/Conversation",
            swiftSettings: strict),
        .executableTarget(name: "example-ask-server", path: "Examples/AskServer", swiftSettings: strict),

        // Tests.
        .target(
            name: "FlashUTesting", dependencies: ["Tensors", "Compute", "ShowO2", "FlashU"],
            path: "Sources/FlashUTesting",
            swiftSettings: strict),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "FlashUTesting"], swiftSettings: strict),
        .testTarget(
            name: "ComputeTests", dependencies: ["Compute", "FlashUTesting"],
            exclude: usesOneDNN ? [] : ["CacheLimitTests.swift"], swiftSettings: strict),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers", "FlashUTesting"], swiftSettings: strict),
        .testTarget(name: "ImagesTests", dependencies: ["Images", "FlashUTesting"], swiftSettings: strict),
        .testTarget(name: "VideosTests", dependencies: ["Videos", "Images", "FlashUTesting"], swiftSettings: strict),
        .testTarget(
            name: "ShowO2Tests", dependencies: ["ShowO2", "Pipelines", "FlashUTesting"], swiftSettings: strict),
        .testTarget(name: "FlashUTests", dependencies: ["FlashU", "FlashUTesting"], swiftSettings: strict),
        .testTarget(
            name: "PipelinesTests", dependencies: ["Pipelines", "Images", "FlashUTesting", "int8"],
            swiftSettings: strict),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Evaluation", "Images", "FlashU", "Pipelines", "FlashUTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "SetsTests",
            dependencies: ["Sets", "Pipelines", "FlashU", "Images", "ShowO2", "Tensors", "FlashUTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "TuningTests",
            dependencies: [
                "Tuning", "Evaluation", "Pipelines", "FlashU", "ShowO2", "Images", "Videos", "Tensors", "FlashUTesting",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FlashUServerTests",
            dependencies: [
                "FlashUServer", "Pipelines", "FlashU", "ShowO2", "Images", "Tensors", "Evaluation", "FlashUTesting",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "flashu", "Benchmarking", "Compute", "ShowO2", "FlashUTesting", "FlashU", "Images", "Tensors",
            ],
            swiftSettings: strict),
    ]
)
