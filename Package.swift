// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// The house of Convoy: one target a room, arrows point down only (checked by .ci/check-layers).

import PackageDescription

/// Everywhere but in the kernels: unsafe constructs are spelled out.
let strict: [SwiftSetting] = [.strictMemorySafety()]

/// The kernels are one directory compiled once per instruction set (the others are symbolic links to
/// it). `-Ounchecked` because a fifth of the speed is index arithmetic that `KernelSet` has checked;
/// `-fno-math-errno` makes a square root one instruction. `FUSED` says that a fused multiply-add is
/// one instruction, `WIDE` that a register tile has eight rows.
func kernels(_ name: String, _ flags: [String] = [], define: [String] = []) -> Target {
    .target(
        name: name, dependencies: ["Tensors", "CMachine"],
        swiftSettings: [
            .unsafeFlags(
                ["-Ounchecked"] + define.flatMap { ["-D", $0] }
                    + (["-fno-math-errno"] + flags).flatMap { ["-Xcc", $0] })
        ],
        linkerSettings: [.linkedLibrary("m")])
}

#if arch(x86_64)
    let instructionSets: [Target] = [
        kernels("KernelsAVX2", ["-mavx2", "-mfma"], define: ["FUSED"]),
        kernels(
            "KernelsAVX512", ["-march=x86-64-v4", "-mprefer-vector-width=512"],
            define: ["FUSED", "WIDE"]),
    ]
#else
    let instructionSets: [Target] = []
#endif

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "convoy",
    products: [
        .library(name: "Convoy", targets: ["Convoy"]),
        .executable(name: "convoy", targets: ["convoy"]),
        .executable(name: "convoy-bench", targets: ["convoy-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // System libraries, and the few C lines that Swift cannot say.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CProtobufC", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "CDigests", providers: [.apt(["libxxhash-dev", "libssl-dev"])]),
        .systemLibrary(
            name: "CLapack", providers: [.apt(["liblapack-dev", "libblas-dev"])]),
        .target(name: "CMachine"),
        .target(  // apt: libjpeg-dev, libpng-dev, libwebp-dev, zlib1g-dev
            name: "CImageCodecs",
            linkerSettings: ["jpeg", "png", "webp", "z"].map { .linkedLibrary($0) }),
        .target(
            name: "CWire", dependencies: ["CProtobufC"],
            linkerSettings: [.linkedLibrary("protobuf-c")]),

        // The wire.
        .target(name: "ZeroMQ", dependencies: ["CZeroMQ"], swiftSettings: strict),
        .target(name: "Wire", dependencies: ["CWire"], swiftSettings: strict),

        // The engine.
        .target(name: "Tensors"),
        kernels("Kernels"),
        .target(name: "KernelReference", dependencies: ["Tensors"]),
        .target(
            name: "Engines",
            dependencies: ["Tensors", "Kernels", "CMachine"]
                + instructionSets.map { .target(name: $0.name) }),
        .target(name: "Configuration", swiftSettings: strict),
        .target(name: "Layers", dependencies: ["Tensors", "Configuration"]),

        // The data.
        .target(name: "Digests", dependencies: ["CDigests"], swiftSettings: strict),
        .target(
            name: "Datasets",
            dependencies: ["Tensors", "Configuration", "Digests", "CImageCodecs", "CLapack"],
            swiftSettings: strict),

        // The cluster.
        .target(name: "Coordination", swiftSettings: strict),
        .target(
            name: "Jobs",
            dependencies: [
                "Configuration", "Layers", "Datasets", "Digests", "Tensors",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(
            name: "Runtime",
            dependencies: [
                "Jobs", "Layers", "Datasets", "Tensors", "Engines", "Coordination", "Wire",
                "ZeroMQ", "Digests", "CMachine", logging,
            ]),

        // The library: one import for programs that train.
        .target(
            name: "Convoy",
            dependencies: ["Runtime", "Jobs", "Layers", "Datasets", "Tensors"],
            swiftSettings: strict),

        // The commands.
        .target(
            name: "Reporting", dependencies: ["Runtime", "Layers", "Datasets"],
            swiftSettings: strict),
        .target(
            name: "Health",
            dependencies: [
                "Runtime", "Layers",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ]),
        .executableTarget(
            name: "convoy",
            dependencies: [
                "Health", "Reporting", "Runtime", "Jobs", "Layers", "Datasets", "Engines",
                "Tensors",
                "Digests",
                "Configuration", "ZeroMQ", "Wire", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "convoy-bench",
            dependencies: [
                "Runtime", "Jobs", "Layers", "Datasets", "Engines", "KernelReference", "Tensors",
                "Digests", "Wire", "ZeroMQ", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], exclude: ["Peers"]),

        // Tests mirror the targets. CAllocations counts what they allocate.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(
            name: "KernelsTests", dependencies: ["Engines", "KernelReference", "Tensors"]),
        .testTarget(
            name: "LayersTests",
            dependencies: [
                "Layers", "Engines", "KernelReference", "Tensors", "Configuration", "CAllocations",
            ],
            exclude: ["Goldens"]),
        .testTarget(
            name: "DatasetsTests",
            dependencies: [
                "Datasets", "Engines", "Digests", "Configuration", "Tensors", "CImageCodecs",
                "CAllocations",
            ],
            exclude: ["Goldens"]),
        .testTarget(name: "CoordinationTests", dependencies: ["Coordination"]),
        .testTarget(name: "ZeroMQTests", dependencies: ["ZeroMQ", "CAllocations"]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "CAllocations"]),
        .testTarget(
            name: "JobsTests",
            dependencies: [
                "Jobs", "Layers", "Datasets", "Engines", "Digests", "Configuration", "Tensors",
            ],
            exclude: ["Goldens"]),
        .testTarget(
            name: "ReportingTests",
            dependencies: ["Reporting", "Runtime", "Layers", "Datasets", "Engines"]),
        .testTarget(name: "HealthTests", dependencies: ["Health", "Runtime", "Layers"]),
        .testTarget(
            name: "RuntimeTests",
            dependencies: [
                "Runtime", "Jobs", "Layers", "Datasets", "Coordination", "Wire", "ZeroMQ",
                "Digests",
                "Engines", "Tensors", "CMachine", "CAllocations", logging,
            ]),
        // A package of its own that depends on this one; here its source is built with everything else.
        .executableTarget(
            name: "example", dependencies: ["Convoy"], path: "Tests/Example/Sources/example"),
        .testTarget(
            name: "ConvoyTests", dependencies: ["Convoy", "Jobs", "Datasets", "Runtime", "Layers"]),
        .testTarget(
            name: "ClusterTests", dependencies: ["Runtime", "Jobs", "Digests", "Wire"]),
    ] + instructionSets
)

// Hostile files for the readers of data, by libFuzzer: for `.ci/fuzz` alone, since it wants
// all code instrumented, which gold does not link.
if Context.environment["CONVOY_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["Datasets", "Engines", "Tensors", "Wire"],
            path: "Tests/Fuzz",
            exclude: ["Seeds"],
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]))
}

// The test command turns warnings into errors; a newer compiler's new warnings stop no user's build.
if Context.environment["CONVOY_CHECK"] != nil {
    for target in package.targets where ![.system, .plugin, .binary].contains(target.type) {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
    }
}
