// SPDX-License-Identifier: Apache-2.0

import Foundation
import Runtime
import Testing

@Suite struct SafetensorsTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/file.safetensors" }

    init() throws { folder = try TemporaryFolder() }

    private static var example: Safetensors {
        var file = Safetensors()
        file.metadata = ["job": "a: \"1/2\"\nb: ü", "format": "test"]
        file.tensors = [
            .init(
                name: "b/kernel", shape: [2, 3],
                values: [1, -2, 0.5, .infinity, -0, .leastNonzeroMagnitude]),
            .init(name: "a", shape: [1], values: [7]),
            .init(name: "none", shape: [0, 4], values: []),
        ]
        return file
    }

    /// A file of any header and body.
    private func write(header: String, body: Int, length: UInt64? = nil) throws {
        var bytes = Data()
        withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) {
            bytes.append(contentsOf: $0)
        }
        bytes.append(contentsOf: header.utf8)
        bytes.append(Data(count: body))
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    private func complaint() -> String? {
        runtimeError { _ = try Safetensors.read(from: path) }?.sentence(in: folder)
    }

    @Test func whatIsWrittenIsRead() throws {
        try Self.example.write(to: path)
        let file = try Safetensors.read(from: path)
        #expect(file.metadata == Self.example.metadata)
        #expect(file.tensors.map(\.name) == ["b/kernel", "a", "none"])
        for tensor in Self.example.tensors {
            let read = try #require(file[tensor.name])
            #expect(read.shape == tensor.shape)
            #expect(read.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
        }
    }

    @Test func equalContentsMakeEqualFiles() throws {
        try Self.example.write(to: path)
        for _ in 0..<5 {
            try Self.example.write(to: path + "2")
            #expect(try contents(path) == contents(path + "2"))
        }
    }

    /// Length of the header, the header padded to eight bytes with spaces, the tensors end to end: what
    /// other readers of the format expect.
    @Test func theLayoutIsThatOfTheFormat() throws {
        try Self.example.write(to: path)
        let bytes = try contents(path)
        let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length % 8 == 0 && bytes.count == 8 + length + 7 * 4)
        let object = try JSONSerialization.jsonObject(with: bytes[8..<8 + length])
        let header = try #require(object as? [String: Any])
        #expect(Set(header.keys) == ["__metadata__", "a", "b/kernel", "none"])
        let metadata = try #require(header["__metadata__"] as? [String: String])
        #expect(Set(metadata.keys) == ["job", "format", "sha256"])
        let kernel = try #require(header["b/kernel"] as? [String: Any])
        #expect(kernel["dtype"] as? String == "F32")
        #expect(kernel["shape"] as? [Int] == [2, 3])
        #expect(kernel["data_offsets"] as? [Int] == [0, 24])
        #expect(
            [UInt8](bytes[(8 + length)..<(8 + length + 8)]) == [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
    }

    @Test func everyTruncationIsNamed() throws {
        try Self.example.write(to: path)
        let whole = try contents(path)
        for count in stride(from: 0, to: whole.count, by: 7) {
            try whole.prefix(count).write(to: URL(fileURLWithPath: path))
            let complaint = complaint() ?? "\(count) bytes were taken for a whole file"
            #expect(complaint.hasPrefix("file.safetensors: not a whole safetensors file: "))
            #expect(complaint.hasSuffix("; copy it again or use another one"))
        }
    }

    /// A flipped bit is noticed, or changes nothing that is read.
    @Test func everyFlippedBitIsNoticed() throws {
        try Self.example.write(to: path)
        let whole = try contents(path)
        for place in whole.indices {
            var bytes = whole
            bytes[place] ^= 1 << UInt8(place % 8)
            try bytes.write(to: URL(fileURLWithPath: path))
            guard let file = try? Safetensors.read(from: path) else { continue }
            for tensor in Self.example.tensors {
                let read = try #require(file[tensor.name], "byte \(place)")
                #expect(read.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
                #expect(read.shape == tensor.shape)
            }
            #expect(file.metadata["job"] == Self.example.metadata["job"])
        }
    }

    @Test func aMissingFileIsNamed() {
        #expect(complaint()?.hasPrefix("file.safetensors: cannot be read: ") == true)
    }

    @Test func aHeaderThatLiesAboutItsLengthIsRefused() throws {
        for length in [UInt64(3), 1 << 40, .max] {
            try write(header: "{}", body: 0, length: length)
            #expect(
                complaint()?.contains("the header claims \(length) bytes, 2 are there") == true)
        }
        try write(header: "{\"a\":", body: 8)
        #expect(complaint()?.contains("the header at offset 8 is not JSON") == true)
        try write(header: "[1]", body: 8)
        #expect(complaint()?.contains("the header at offset 8 is not JSON") == true)
        try write(header: String(repeating: "[", count: 100_000), body: 0)
        #expect(complaint()?.contains("the header at offset 8 is not JSON") == true)
    }

    @Test(arguments: [
        #"{"dtype":"F32","shape":[2],"data_offsets":[0,12]}"#,  // two floats in twelve bytes
        #"{"dtype":"F32","shape":[3],"data_offsets":[0,16]}"#,  // beyond the end
        #"{"dtype":"F32","shape":[3],"data_offsets":[12,0]}"#,
        #"{"dtype":"F32","shape":[3],"data_offsets":[-12,0]}"#,
        #"{"dtype":"F32","shape":[3],"data_offsets":[0]}"#,
        #"{"dtype":"F32","shape":[-1,-3],"data_offsets":[0,12]}"#,
        #"{"dtype":"F32","shape":[4294967295,4294967295,4294967295],"data_offsets":[0,12]}"#,
        #"{"dtype":"F32","shape":[4611686018427387907],"data_offsets":[0,12]}"#,
        #"{"dtype":"F32","shape":[1e300],"data_offsets":[0,12]}"#,
        #"{"dtype":"F32","shape":[1.5,2],"data_offsets":[0,12]}"#,
        #"{"dtype":"F32","shape":"3","data_offsets":[0,12]}"#,
        #"{"dtype":"F32","data_offsets":[0,12]}"#,
        #"{"dtype":"F32","shape":[3],"data_offsets":[0,99999999999999999999999]}"#,
        #"{"dtype":"F64","shape":[3],"data_offsets":[0,12]}"#,
        "7", "null", "[]",
    ])
    func tensorsThatDoNotFitTheFileAreRefused(entry: String) throws {
        try write(header: #"{"x":\#(entry)}"#, body: 12)
        #expect(
            complaint()?.contains("tensor 'x' is not float32 data that lies within the file")
                == true)
    }

    @Test func tensorsThatOverlapOrLeaveRoomAreRefused() throws {
        func entry(_ name: String, _ start: Int, _ end: Int) -> String {
            #""\#(name)":{"dtype":"F32","shape":[\#((end - start) / 4)],"#
                + #""data_offsets":[\#(start),\#(end)]}"#
        }
        try write(header: "{\(entry("a", 0, 8)),\(entry("b", 4, 12))}", body: 12)
        #expect(complaint()?.contains("tensor 'b' starts at offset") == true)
        try write(header: "{\(entry("a", 0, 4)),\(entry("b", 8, 12))}", body: 12)
        #expect(complaint()?.contains("tensor 'b' starts at offset") == true)
        try write(header: "{\(entry("a", 0, 4))}", body: 12)
        #expect(complaint()?.contains("its tensors end at offset") == true)
    }
}
