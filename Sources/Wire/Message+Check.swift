// SPDX-License-Identifier: Apache-2.0
//
// What is true of every header before its fields are looked at, and of every payload after.

import CWire

extension Message {
    /// A header starts with field 1 of the envelope, its version: five bytes, the same in all versions.
    private static let versionBytes = 5
    private static let versionTag: UInt8 = 1 << 3 | 5  // field 1, 32 bits

    static func checkVersion(
        _ header: UnsafeRawBufferPointer, _ limits: WireLimits
    ) throws(WireError) {
        // Five bytes are there whenever they are read.
        guard header.count >= versionBytes, unsafe header[0] == versionTag else {
            let start = unsafe header.first.map { "starts with \($0)" } ?? "starts with nothing"
            throw .malformed(
                "a header of \(header.count) bytes \(start), expected \(versionTag) and a version")
        }
        // As above.
        let version = unsafe UInt32(
            littleEndian: header.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
        guard version != protocolVersion else { return }
        // Reads within `header`.
        let name = unsafe helloName(header, limits)
        let (peer, here) = name.map { ("worker \($0)", "coordinator") } ?? ("the peer", "build")
        throw WireError(
            code: .versionMismatch,
            detail: "\(peer) speaks protocol \(version), this \(here) \(protocolVersion); "
                + "deploy one convoy build on both")
    }

    /// Who says hello in another version's words, if that much can be understood.
    private static func helloName(
        _ header: UnsafeRawBufferPointer, _ limits: WireLimits
    ) -> String? {
        guard header.count <= limits.headerBytes,
            let envelope = unsafe Envelope(header),  // reads within `header`
            envelope.kind == CONVOY__ENVELOPE__BODY_HELLO
        else { return nil }
        // The text is the envelope's, which is alive.
        return try? unsafe FieldReader("hello", limits)
            .text(envelope.fields.hello.pointee.name, "name", .name, mayBeEmpty: false)
    }

    static func checkSizes(
        header: Int, payload: Int?, _ limits: WireLimits
    ) throws(WireError) {
        guard header <= limits.headerBytes else {
            throw .tooLarge("a header has \(header) bytes, expected at most \(limits.headerBytes)")
        }
        guard payload ?? 0 <= limits.payloadBytes else {
            throw .tooLarge(
                "a payload has \(payload ?? 0) bytes, expected at most \(limits.payloadBytes)")
        }
    }

    /// There is a body, and packing the envelope again would give a header of the same size: no field
    /// was given twice, dropped, or cut at a zero byte.
    static func check(_ envelope: borrowing Envelope, headerCount: Int) throws(WireError) {
        guard envelope.kind != CONVOY__ENVELOPE__BODY__NOT_SET else {
            guard let field = envelope.unknownField else {
                throw .unknownBody("an envelope is empty, expected a body")
            }
            throw .unknownBody(
                "an envelope has body \(field), expected one of protocol \(protocolVersion)")
        }
        let (unknown, known) = (envelope.unknownFieldCount, envelope.packedCount)
        guard unknown == 0, known == headerCount else {
            throw .malformed(
                "a header of \(headerCount) bytes holds \(unknown) unknown fields and \(known) bytes "
                    + "that mean something, expected no others")
        }
    }

    /// Payload and header belong together.
    func checkPayload(_ payload: Int?) throws(WireError) {
        let count = payload ?? 0
        switch self {
        case .samples:
            guard count > 0 else {
                throw .badPayload("samples come without payload, expected their bytes")
            }
        case .weights(let weights) where weights.place == nil:
            guard count > 0, count % 4 == 0 else {
                throw .badPayload("weights have \(count) bytes of payload, expected whole floats")
            }
        case .factors(let factors) where factors.place == nil: try Self.checkFloats(count)
        case .slot: try Self.checkFloats(count)
        case .contribution(let contribution) where contribution.place == nil:
            guard count % 4 == 0 else {
                throw .badPayload(
                    "a contribution has \(count) bytes of payload, expected whole floats or none")
            }
        case .hello, .welcome, .ready, .refused, .heartbeat, .leaving, .goodbye, .failure,
            .shutdown, .trace,
            .attach, .lease, .weights, .contribution, .factors, .renewal:
            guard payload == nil else {
                throw .badPayload(
                    "a message that has no payload comes with \(count) bytes, expected none")
            }
        }
    }

    private static func checkFloats(_ count: Int) throws(WireError) {
        guard count > 0, count % 4 == 0 else {
            throw .badPayload(
                "factors or a slot have \(count) bytes of payload, expected whole floats")
        }
    }
}
