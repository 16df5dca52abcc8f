// SPDX-License-Identifier: Apache-2.0
//
// The file format of models and checkpoints: https://github.com/huggingface/safetensors (format section).

import Digests
import Foundation
import Tensors

/// Named float32 tensors and text metadata in one file: eight bytes with the length of a JSON header, the
/// header, then the raw little-endian data.
///
/// What is written depends on the contents alone, so equal models are equal files. The metadata is sealed
/// with a digest of everything, so that a file with a flipped bit is not taken for a whole one.
package struct Safetensors {
    package struct Tensor {
        package let name: String
        package let shape: Shape
        package let values: [Float]

        package init(name: String, shape: Shape, values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    package var metadata: [String: String] = [:]
    package var tensors: [Tensor] = []

    private static let sealName = "sha256"

    package init() {}

    package subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

    package func write(to path: String) throws(RuntimeError) {
        var sealed = metadata
        sealed[Self.sealName] = seal.description
        var header: [String: Any] = ["__metadata__": sealed]
        var end = 0
        for tensor in tensors {
            let bytes = tensor.values.count * 4
            header[tensor.name] = [
                "dtype": "F32", "shape": tensor.shape.extents, "data_offsets": [end, end + bytes],
            ]
            end += bytes
        }
        guard
            var json = try? JSONSerialization.data(
                withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
        else { throw RuntimeError(.modelFile, "\(path): the header cannot be written as JSON") }
        while json.count % 8 != 0 { json.append(0x20) }
        var bytes = Data(capacity: 8 + json.count + end)
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(json)
        for tensor in tensors { tensor.values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        let result: Result<Void, RuntimeError> = bytes.withUnsafeBytes { raw in
            do throws(RuntimeError) { return .success(try AtomicFile.write([raw], to: path)) } catch
            {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// - Throws: `modelFile` for a file that is not there, truncated or damaged; the text says where.
    package static func read(from path: String) throws(RuntimeError) -> Safetensors {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw RuntimeError(
                .modelFile,
                "\(path): cannot be read: \(error.localizedDescription) Name a finished run's"
                    + " folder or its model.safetensors")
        }
        func damaged(_ what: String) -> RuntimeError {
            RuntimeError(
                .modelFile,
                "\(path): not a whole safetensors file: \(what); copy it again or use another one")
        }
        guard data.count >= 8 else { throw damaged("\(data.count) bytes, expected at least 8") }
        let length = data.prefix(8).enumerated().reduce(UInt64(0)) {
            $0 | UInt64($1.element) << (8 * UInt64($1.offset))
        }
        guard length <= UInt64(data.count - 8) else {
            throw damaged("the header claims \(length) bytes, \(data.count - 8) are there")
        }
        let body = 8 + Int(length)
        guard
            let object = try? JSONSerialization.jsonObject(with: data[8..<body]),
            let header = object as? [String: Any]
        else { throw damaged("the header at offset 8 is not JSON") }
        var file = Safetensors()
        file.metadata = header["__metadata__"] as? [String: String] ?? [:]
        var places: [(range: Range<Int>, tensor: Tensor)] = []
        for (name, value) in header where name != "__metadata__" {
            guard let entry = value as? [String: Any], entry["dtype"] as? String == "F32",
                let shape = entry["shape"] as? [Int], shape.allSatisfy({ $0 >= 0 && $0 < 1 << 32 }),
                let offsets = entry["data_offsets"] as? [Int], offsets.count == 2,
                offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= data.count - body,
                let count = Self.product(shape), count == (offsets[1] - offsets[0]) / 4,
                (offsets[1] - offsets[0]) % 4 == 0
            else {
                throw damaged("tensor '\(name)' is not float32 data that lies within the file")
            }
            let values = data[(body + offsets[0])..<(body + offsets[1])].withUnsafeBytes { raw in
                (0..<count).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
            places.append(
                (offsets[0]..<offsets[1], Tensor(name: name, shape: Shape(shape), values: values)))
        }
        places.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = 0
        for place in places {
            guard place.range.lowerBound == end else {
                throw damaged(
                    "tensor '\(place.tensor.name)' starts at offset "
                        + "\(body + place.range.lowerBound), expected \(body + end)")
            }
            end = place.range.upperBound
        }
        guard body + end == data.count else {
            throw damaged("its tensors end at offset \(body + end), the file at \(data.count)")
        }
        file.tensors = places.map(\.tensor)
        if let seal = file.metadata.removeValue(forKey: Self.sealName),
            seal != file.seal.description
        {
            throw damaged("its contents are not those that its SHA-256 was made of")
        }
        return file
    }

    /// Names all of it: metadata and tensors, in an order of their own.
    private var seal: Digest {
        var hash = SHA256()
        func update(_ text: String) {
            var text = text + "\0"
            text.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
        }
        let names = metadata.keys.sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        for name in names {
            update(name)
            update(metadata[name] ?? "")
        }
        for tensor in tensors {
            update(tensor.name)
            update(tensor.shape.description)
            tensor.values.withUnsafeBytes { hash.update($0) }
        }
        return hash.finalize()
    }

    private static func product(_ shape: [Int]) -> Int? {
        var product = 1
        for extent in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            product = next
        }
        return product
    }
}
