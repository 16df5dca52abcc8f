// SPDX-License-Identifier: Apache-2.0
//
// Hostile files and messages for every parser that is Convoy's own, made by libFuzzer: see .ci/fuzz.

import Datasets
import Engines
import Glibc
import Tensors
import Wire

@main
enum Fuzz {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(drive(&count, &arguments, one))
    }

    /// The first byte of an input chooses the parser, the rest is the file.
    private static let one: Input = { bytes, count in
        guard count > 1 else { return 0 }
        let file = Array(UnsafeBufferPointer(start: bytes + 1, count: count - 1))
        Parser(rawValue: bytes[0] % UInt8(Parser.allCases.count))?.read(file)
        return 0
    }
}

private typealias Input = @convention(c) (UnsafePointer<UInt8>, Int) -> CInt

/// libFuzzer's own loop, with the arguments of its command line.
@_silgen_name("LLVMFuzzerRunDriver")
private func drive(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: Input
) -> CInt

/// New ones at the end: seeds name them by their number.
private enum Parser: UInt8, CaseIterable {
    case idx, cifar, tar, zippedArrays, arrays, table, image, message

    private static let kernels = Engine.best()

    func read(_ file: [UInt8]) {
        switch self {
        case .idx:
            write(Self.images, "idx/t10k-images-idx3-ubyte")
            write(Self.labels, "idx/t10k-labels-idx1-ubyte")
            write(file, "idx/train-images-idx3-ubyte", and: "idx/train-labels-idx1-ubyte")
            open(.mnist, "idx")
        case .cifar:
            for number in 2...5 { write(Self.record, "cifar/data_batch_\(number).bin") }
            write(Self.record, "cifar/test_batch.bin")
            write(file, "cifar/data_batch_1.bin")
            open(.cifar10, "cifar")
        case .tar:
            write(file, "tar/a.tar")
            open(.tar, "tar/a.tar")
        case .zippedArrays:
            write(file, "npz/a.npz")
            open(.npy, "npz/a.npz")
        case .arrays:
            write(file, "npy/images.npy", and: "npy/labels.npy")
            open(.npy, "npy")
        case .table:
            write(file, "table/a.csv")
            open(.table, "table/a.csv")
        case .image: decode(file)
        case .message: receive(file)
        }
    }

    /// The header of a message, with each size of payload that makes a difference. What is understood can be
    /// sent on, and has the same length.
    private func receive(_ header: [UInt8]) {
        for payload in [nil, 0, 3, 4096] {
            for limits in [WireLimits.control, .data] {
                header.withUnsafeBytes { bytes in
                    guard
                        let message = try? Message.decode(
                            header: bytes, payload: payload, limits: limits)
                    else { return }
                    var buffer = HeaderBuffer()
                    message.encode(into: &buffer)
                    precondition(buffer.count == bytes.count)
                }
            }
        }
    }

    /// Whatever comes: an error, or data that can be read.
    private func open(_ format: DatasetConfiguration.Format, _ path: String) {
        var configuration = DatasetConfiguration(format: format, path: path, validation: .disabled)
        if format.isFiles { configuration.targetSize = [4, 4] }
        guard let train = try? openDatasets(configuration, tolerant: true)[.train] else { return }
        let decoder = SampleDecoder(
            configuration: configuration, imageShape: train.imageShape, encoding: train.encoding,
            kernels: Self.kernels)
        for index in 0..<min(train.count, 4) {
            precondition(train.classNames.indices.contains(Int(train.label(index))))
            _ = try? decoder.decode(index, of: train)
        }
    }

    /// An image file: BMP, and the orientation of a JPEG.
    private func decode(_ file: [UInt8]) {
        let pixels = AlignedBuffer<UInt8>(count: 4 * 4 * 3)
        let decoder = SampleDecoder(
            configuration: .init(
                format: .folder, path: "", targetSize: [4, 4], fitting: .init(jpegScaling: .auto)),
            imageShape: [4, 4, 3], encoding: .file, kernels: Self.kernels)
        file.withUnsafeBytes { try? decoder.decode($0, into: pixels.elements) }
    }

    /// One of CIFAR-10's.
    private static let record = [UInt8](repeating: 1, count: 3073)
    /// One of MNIST's.
    private static let images =
        [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28] + [UInt8](repeating: 7, count: 784)
    private static let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 1, 3]
}

/// Two files from one; two bytes say how long the first is.
private func write(_ bytes: [UInt8], _ first: String, and second: String) {
    guard bytes.count > 2 else { return write(bytes, first) }
    let cut = min(2 + Int(bytes[0]) + Int(bytes[1]) << 8, bytes.count)
    write(Array(bytes[2..<cut]), first)
    write(Array(bytes[cut...]), second)
}

/// In the folder that the program was started in.
private func write(_ bytes: [UInt8], _ path: String) {
    mkdir(String(path.prefix { $0 != "/" }), 0o700)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(descriptor >= 0, "open \(path): \(errno)")
    let written = write(descriptor, bytes, bytes.count)
    precondition(written == bytes.count && close(descriptor) == 0, "write \(path): \(errno)")
}
