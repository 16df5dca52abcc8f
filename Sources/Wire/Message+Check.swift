// SPDX-License-Identifier: Apache-2.0
//
// What is true of every header before its fields are looked at, and of every payload after.

import CWire

extension Message {
    /// The first five bytes of a header: field 1 of the envelope, its version. Frozen for all versions.
    static let versionBytes = 5
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
        let version = unsafe UInt32(
            littleEndian: header.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
        guard version != protocolVersion else { return }
        let (peer, here) =
            if let name = unsafe helloName(header, limits) {
                ("worker \(name)", "coordinator")
            } else {
                ("the peer", "build")
            }
        throw WireError(
            code: .versionMismatch,
            detail: "\(peer) speaks protocol \(version), this \(here) \(protocolVersion); "
                + "deploy one convoy build on both")
    }

    /// Who says hello in another version's words, if that much can be understood.
    private static func helloName(
        _ header: UnsafeRawBufferPointer, _ limits: WireLimits
    ) -> String? {
        guard header.count <= limits.headerBytes else { return nil }
        // As in `decode`.
        let envelope = unsafe convoy__envelope__unpack(
            nil, header.count, header.baseAddress?.assumingMemoryBound(to: UInt8.self))
        guard let envelope = unsafe envelope else { return nil }
        defer { unsafe convoy__envelope__free_unpacked(envelope, nil) }
        guard unsafe envelope.pointee.body_case == CONVOY__ENVELOPE__BODY_HELLO else { return nil }
        return try? unsafe FieldReader(body: "hello", limits: limits)
            .text(envelope.pointee.hello.pointee.name, "name", .name, mayBeEmpty: false)
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
    static func checkBody(
        _ envelope: UnsafeMutablePointer<Convoy__Envelope>, headerCount: Int
    ) throws(WireError) {
        let base = unsafe envelope.pointee.base
        guard unsafe envelope.pointee.body_case != CONVOY__ENVELOPE__BODY__NOT_SET else {
            guard unsafe base.n_unknown_fields > 0 else {
                throw .unknownBody("an envelope is empty, expected a body")
            }
            throw .unknownBody(
                unsafe "an envelope has body \(base.unknown_fields[0].tag), expected one of "
                    + "protocol \(protocolVersion)")
        }
        // All bodies are one pointer, and start with their ProtobufCMessage.
        let body = unsafe UnsafeRawPointer(envelope.pointee.hello!)
            .assumingMemoryBound(to: ProtobufCMessage.self)
        let unknown = unsafe base.n_unknown_fields + body.pointee.n_unknown_fields
        let size = unsafe convoy__envelope__get_packed_size(envelope)
        guard unknown == 0, size == headerCount else {
            throw .malformed(
                "a header of \(headerCount) bytes holds \(unknown) unknown fields and "
                    + "\(size) bytes that mean something, expected no others")
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
        case .weights:
            guard count > 0, count % 4 == 0 else {
                throw .badPayload("weights have \(count) bytes of payload, expected whole floats")
            }
        case .contribution:
            guard count % 4 == 0 else {
                throw .badPayload(
                    "a contribution has \(count) bytes of payload, expected whole floats or none")
            }
        case .hello, .welcome, .ready, .refused, .heartbeat, .leaving, .goodbye, .failure,
            .shutdown,
            .attach, .lease, .published:
            guard payload == nil else {
                throw .badPayload(
                    "a message that has no payload comes with \(count) bytes, expected none")
            }
        }
    }
}

extension WireError {
    /// What no build of this protocol does; the cure is the same for all.
    static func malformed(_ detail: String) -> WireError { broken(.malformed, detail) }
    static func unknownBody(_ detail: String) -> WireError { broken(.unknownBody, detail) }
    static func tooLarge(_ detail: String) -> WireError { broken(.tooLarge, detail) }
    static func outOfRange(_ detail: String) -> WireError { broken(.outOfRange, detail) }
    static func badPayload(_ detail: String) -> WireError { broken(.badPayload, detail) }

    private static func broken(_ code: Code, _ detail: String) -> WireError {
        WireError(code: code, detail: "\(detail); \(drop)")
    }

    static let drop = "drop this peer, and report a bug in it"
}
