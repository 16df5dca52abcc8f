// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// A program that trains: `swift run -c release` here draws images, and learns what they show.

import PackageDescription

let package = Package(
    name: "example",
    // By path: the kernels set flags of the compiler, which packages by version may not.
    dependencies: [.package(name: "convoy", path: "../..")],
    targets: [
        .executableTarget(
            name: "example", dependencies: [.product(name: "Convoy", package: "convoy")])
    ]
)
