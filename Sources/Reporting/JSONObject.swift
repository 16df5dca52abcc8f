// SPDX-License-Identifier: Apache-2.0

/// One JSON object, built in memory that is kept from one to the next.
struct JSONObject {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1024) }

    mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func end() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    mutating func add(_ key: StaticString, _ value: Int) {
        begin(key)
        append(value)
    }

    /// A number of thousandths.
    mutating func add(_ key: StaticString, thousandths value: Int) {
        begin(key)
        append(value / 1000)
        bytes.append(UInt8(ascii: "."))
        let rest = abs(value % 1000)
        bytes.append(0x30 + UInt8(rest / 100))
        bytes.append(0x30 + UInt8(rest / 10 % 10))
        bytes.append(0x30 + UInt8(rest % 10))
    }

    /// What is added until `close` belongs to an object of its own.
    mutating func open(_ key: StaticString) {
        begin(key)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func close() { bytes.append(UInt8(ascii: "}")) }

    /// JSON has no NaN and no infinity: they are null.
    mutating func add(_ key: StaticString, _ value: Double?) {
        begin(key)
        guard let value, value.isFinite else { return append("null") }
        append(value)
    }

    /// The same under a name that a user chose.
    mutating func add(named key: String, _ value: Double) {
        separate()
        quote(key)
        append(":")
        guard value.isFinite else { return append("null") }
        append(value)
    }

    /// A list of lists.
    mutating func add(_ key: StaticString, _ rows: [[UInt64]]) {
        begin(key)
        append("[")
        for (number, row) in rows.enumerated() {
            append(number == 0 ? "[" : ",[")
            for (place, value) in row.enumerated() {
                if place > 0 { append(",") }
                append(Int(clamping: value))
            }
            append("]")
        }
        append("]")
    }

    mutating func add(_ key: StaticString, _ value: String) {
        begin(key)
        quote(value)
    }

    private mutating func quote(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case 0..<0x20:
                append("\\u00")
                for nibble in [byte >> 4, byte & 15] {
                    bytes.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
                }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func begin(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(key)
        append("\":")
    }

    private mutating func separate() {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func append(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append(_ value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }

    /// Six places; more than that no curve needs, and the log stays small.
    private mutating func append(_ value: Double) {
        let scaled = (value.magnitude * 1e6).rounded()
        guard scaled < 1e15 else {
            bytes.append(contentsOf: value.description.utf8)
            return
        }
        if value < 0, scaled > 0 { bytes.append(UInt8(ascii: "-")) }
        append(Int(scaled) / 1_000_000)
        var fraction = Int(scaled) % 1_000_000
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        var digit = 100_000
        while fraction > 0 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: fraction / digit))
            fraction %= digit
            digit /= 10
        }
    }
}
