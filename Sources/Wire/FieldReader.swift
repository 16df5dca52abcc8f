// SPDX-License-Identifier: Apache-2.0

import CWire
import Glibc

/// Takes the fields of one message body, and refuses what no build writes.
struct FieldReader {
    /// Name of the body, for the error texts.
    private let body: StaticString
    private let limits: WireLimits

    init(_ body: StaticString, _ limits: WireLimits) {
        self.body = body
        self.limits = limits
    }

    func count(
        _ value: UInt64, _ field: StaticString, atLeast least: Int = 0, atMost most: Int = .max
    ) throws(WireError) -> Int {
        let most = min(most, limits.count)
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

    /// - Parameter text: A C string that lives as long as the call.
    func text(
        _ text: UnsafePointer<CChar>, _ field: StaticString, _ kind: Text, mayBeEmpty: Bool = true
    ) throws(WireError) -> String {
        // protobuf-c ends every text with a zero.
        let count = unsafe strlen(text)
        guard count <= kind.limit else {
            throw .outOfRange("\(body).\(field) has \(count) bytes, expected at most \(kind.limit)")
        }
        // As above.
        guard let text = unsafe String(validatingCString: text) else {
            throw .outOfRange("\(body).\(field) is not valid, expected UTF-8")
        }
        if let scalar = text.unicodeScalars.first(where: { !kind.allows($0) }) {
            throw .outOfRange(
                "\(body).\(field) holds the control character \(Text.name(of: scalar)), expected text"
            )
        }
        guard mayBeEmpty || !text.isEmpty else {
            throw .outOfRange("\(body).\(field) is empty, expected text")
        }
        return text
    }

    /// - Parameter bytes: They live as long as the call.
    func digest(_ bytes: ProtobufCBinaryData, _ field: StaticString) throws(WireError) -> [UInt8] {
        // protobuf-c keeps `len` bytes there.
        let bytes = unsafe UnsafeBufferPointer(start: bytes.data, count: bytes.len)
        guard bytes.count == WireLimits.digestBytes else {
            throw .outOfRange(
                "\(body).\(field) has \(bytes.count) bytes, expected \(WireLimits.digestBytes)")
        }
        return unsafe Array(bytes)  // as above
    }
}
