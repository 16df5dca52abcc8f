// SPDX-License-Identifier: Apache-2.0

import CWire
import Glibc

/// Takes the fields of one message body, and refuses what no build writes.
struct FieldReader {
    /// Name of the body, for the error texts.
    let body: StaticString
    let limits: WireLimits

    func count(
        _ value: UInt64, _ field: StaticString, atLeast least: Int = 0, atMost most: Int? = nil
    ) throws(WireError) -> Int {
        let most = min(most ?? limits.count, limits.count)
        guard value <= UInt64(most), value >= UInt64(least) else {
            throw .outOfRange("\(body).\(field) is \(value), expected \(least)...\(most)")
        }
        return Int(value)
    }

    func finite(_ value: Double, _ field: StaticString) throws(WireError) -> Double {
        guard value.isFinite else {
            throw .outOfRange("\(body).\(field) is \(value), expected a finite number")
        }
        return value
    }

    func text(
        _ pointer: UnsafePointer<CChar>?, _ field: StaticString, _ kind: Text,
        mayBeEmpty: Bool = true
    ) throws(WireError) -> String {
        let bytes = unsafe UnsafeBufferPointer(
            start: pointer, count: pointer.map { unsafe strlen($0) } ?? 0)
        guard bytes.count <= kind.limit else {
            throw .outOfRange(
                "\(body).\(field) has \(bytes.count) bytes, expected at most \(kind.limit)")
        }
        guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
            throw .outOfRange("\(body).\(field) is not valid, expected UTF-8")
        }
        if let scalar = text.unicodeScalars.first(where: { !kind.allows($0) }) {
            throw .outOfRange(
                "\(body).\(field) holds the control character U+"
                    + String(scalar.value, radix: 16, uppercase: true) + ", expected text")
        }
        guard mayBeEmpty || !text.isEmpty else {
            throw .outOfRange("\(body).\(field) is empty, expected text")
        }
        return text
    }

    func digest(_ bytes: ProtobufCBinaryData, _ field: StaticString) throws(WireError) -> [UInt8] {
        guard unsafe bytes.len == WireLimits.digestBytes else {
            throw .outOfRange(
                unsafe "\(body).\(field) has \(bytes.len) bytes, expected \(WireLimits.digestBytes)"
            )
        }
        // protobuf-c keeps `len` bytes there.
        return unsafe [UInt8](UnsafeBufferPointer(start: bytes.data, count: bytes.len))
    }
}
