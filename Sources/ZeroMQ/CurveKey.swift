// SPDX-License-Identifier: Apache-2.0
//
// The keys of CURVE, libzmq's encryption: X25519, written as 64 hexadecimal digits. Z85, which the C
// functions speak, is full of characters that shells and YAML take for something else.

import CZeroMQ
import Glibc

/// The public half of a key pair: by it others know the peer that holds the secret half.
public struct CurveKey: Hashable, Sendable, CustomStringConvertible {
    /// 32 of them.
    let bytes: [UInt8]

    /// Nil unless `text` is 64 hexadecimal digits.
    public init?(hex text: some StringProtocol) {
        guard let bytes = CurveText.bytes(hex: text) else { return nil }
        self.bytes = bytes
    }

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

    /// 64 hexadecimal digits.
    public var description: String { CurveText.hex(bytes) }

    /// Its first twelve digits, for messages.
    public var short: String { String(description.prefix(12)) }

    init?(credentials bytes: [UInt8]) {
        guard bytes.count == CurveText.keyBytes else { return nil }
        self.bytes = bytes
    }
}

/// The secret half of a key pair. It shows itself to nobody who does not ask for `hex`.
public struct CurveSecret: Sendable, CustomStringConvertible, CustomReflectable {
    /// 32 of them.
    let bytes: [UInt8]
    public let publicKey: CurveKey

    /// Nil unless `text` is 64 hexadecimal digits.
    ///
    /// The corresponding C function is `zmq_curve_public`.
    public init?(hex text: some StringProtocol) {
        guard let bytes = CurveText.bytes(hex: text) else { return nil }
        var secret = CurveText.z85(bytes)
        var key = [CChar](repeating: 0, count: CurveText.z85Count + 1)
        // Reads and writes 40 characters and a zero.
        guard unsafe zmq_curve_public(&key, &secret) == 0,
            let publicBytes = CurveText.bytes(z85: key)
        else { return nil }
        self.bytes = bytes
        publicKey = CurveKey(bytes: publicBytes)
    }

    private init(bytes: [UInt8], publicKey: CurveKey) {
        self.bytes = bytes
        self.publicKey = publicKey
    }

    /// A new pair, from the system's random numbers.
    ///
    /// The corresponding C function is `zmq_curve_keypair`.
    public static func generate() throws(ZeroMQError) -> CurveSecret {
        var key = [CChar](repeating: 0, count: CurveText.z85Count + 1)
        var secret = key
        // Writes 40 characters and a zero to each.
        let result = unsafe zmq_curve_keypair(&key, &secret)
        guard result == 0 else { throw ZeroMQError(errno, "zmq_curve_keypair") }
        guard let key = CurveText.bytes(z85: key), let secret = CurveText.bytes(z85: secret) else {
            throw ZeroMQError(EINVAL, "zmq_z85_decode")
        }
        return CurveSecret(bytes: secret, publicKey: CurveKey(bytes: key))
    }

    /// 64 hexadecimal digits: whoever has them is this peer.
    public var hex: String { CurveText.hex(bytes) }

    public var description: String { "the secret of \(publicKey.short)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whether this libzmq was built with CURVE. The corresponding C function is `zmq_has`.
public func zeroMQHasCurve() -> Bool {
    unsafe zmq_has("curve") == 1  // reads a constant string
}

private enum CurveText {
    static let keyBytes = 32
    static let z85Count = 40

    static func bytes(hex text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * keyBytes, text.utf8.count == digits.count else { return nil }
        return (0..<keyBytes).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func bytes(z85 text: [CChar]) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: keyBytes)
        // Reads up to the zero; 40 characters are 32 bytes.
        guard text.count == z85Count + 1, unsafe zmq_z85_decode(&bytes, text) != nil else {
            return nil
        }
        return bytes
    }

    static func z85(_ bytes: [UInt8]) -> [CChar] {
        var text = [CChar](repeating: 0, count: z85Count + 1)
        // 32 bytes are 40 characters and a zero.
        _ = unsafe zmq_z85_encode(&text, bytes, bytes.count)
        return text
    }
}
