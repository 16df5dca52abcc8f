// SPDX-License-Identifier: Apache-2.0

import Wire

/// Writes protobuf by hand, to say what `encode` would not.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    static func envelope(
        version: UInt32 = Message.protocolVersion, body: Int,
        _ write: (inout ProtobufWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.fixed32(1, version)
        var inner = ProtobufWriter()
        write(&inner)
        writer.block(body, inner.bytes)
        return writer.bytes
    }

    mutating func varint(_ field: Int, _ value: UInt64) {
        raw(UInt64(field << 3))
        raw(value)
    }

    mutating func fixed32(_ field: Int, _ value: UInt32) {
        raw(UInt64(field << 3 | 5))
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func double(_ field: Int, _ value: Double) {
        raw(UInt64(field << 3 | 1))
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func block(_ field: Int, _ block: [UInt8]) {
        raw(UInt64(field << 3 | 2))
        raw(UInt64(block.count))
        bytes += block
    }

    /// A packed list.
    mutating func varints(_ field: Int, _ values: [UInt64]) {
        var list = ProtobufWriter()
        for value in values { list.raw(value) }
        block(field, list.bytes)
    }

    mutating func text(_ field: Int, _ text: String) { block(field, Array(text.utf8)) }

    private mutating func raw(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
