// SPDX-License-Identifier: Apache-2.0

import CWire

/// Memory for one encoded header, used again for each message.
@safe public struct HeaderBuffer: ~Copyable {
    /// Every header that `Message.encode` writes fits.
    public static let capacity = WireLimits.control.headerBytes

    // [capacity] the header, then [capacity] the texts and digests that the next one is made from.
    private let storage: UnsafeMutableRawPointer
    private var scratch = capacity
    public private(set) var count = 0

    public init() {
        // Freed in `deinit`.
        unsafe storage = .allocate(byteCount: 2 * Self.capacity, alignment: 16)
    }

    deinit { unsafe storage.deallocate() }  // allocated in `init`

    /// The header that was encoded last. The memory lives as long as the buffer.
    public var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: storage, count: count)  // `count` bytes were written
    }

    /// Writes an envelope around `body`, a message struct whose fields are set and whose base is not.
    mutating func pack<Body>(_ body: Body, as kind: Convoy__Envelope__BodyCase) {
        var body = body
        var envelope = unsafe Convoy__Envelope()  // the next call makes it whole
        unsafe convoy__envelope__init(&envelope)
        unsafe envelope.protocol = Message.protocolVersion
        unsafe envelope.body_case = kind
        // The envelope's description, which is static, knows the type of each body by its field number.
        let field = unsafe protobuf_c_message_descriptor_get_field(
            envelope.base.descriptor, kind.rawValue)
        guard let description = unsafe field?.pointee.descriptor else {
            preconditionFailure("HeaderBuffer: the envelope has no body \(kind.rawValue)")
        }
        // That of a message field is the description of a message.
        let type = unsafe description.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
        precondition(
            unsafe type.pointee.sizeof_message == MemoryLayout<Body>.size,
            "HeaderBuffer: \(Body.self) is not body \(kind.rawValue) of the envelope")
        count = unsafe withUnsafeMutablePointer(to: &body) { body in
            // Every message struct starts with its ProtobufCMessage, and in the envelope all bodies
            // are one pointer: `hello` stands for each of them.
            let raw = UnsafeMutableRawPointer(body)
            unsafe raw.assumingMemoryBound(to: ProtobufCMessage.self).pointee.descriptor = type
            unsafe envelope.hello = raw.assumingMemoryBound(to: Convoy__Hello.self)
            let count = unsafe convoy__envelope__get_packed_size(&envelope)  // whole by now
            precondition(
                count <= Self.capacity, "HeaderBuffer: \(count) bytes, capacity \(Self.capacity)")
            return unsafe convoy__envelope__pack(&envelope, storage)  // it fits
        }
        scratch = Self.capacity
    }

    /// Keeps a C string for the next `pack`: `text`, made fit for its kind.
    mutating func keep(_ text: String, _ kind: Text) -> UnsafeMutablePointer<CChar> {
        var text = kind.fitting(text)
        return text.withUTF8 { utf8 in
            // One byte more than the text, for the zero.
            let start = unsafe keep(UnsafeRawBufferPointer(utf8), room: utf8.count + 1)
            unsafe start.storeBytes(of: 0, toByteOffset: utf8.count, as: UInt8.self)
            return unsafe start.assumingMemoryBound(to: CChar.self)
        }
    }

    /// Keeps a digest for the next `pack`; nil is no bytes.
    mutating func keep(_ digest: [UInt8]?) -> ProtobufCBinaryData {
        guard let digest else { return unsafe ProtobufCBinaryData() }  // length 0
        precondition(
            digest.count == WireLimits.digestBytes,
            "HeaderBuffer: a digest of \(digest.count) bytes, expected \(WireLimits.digestBytes)")
        // The bytes are copied, and the copy lives until the next `pack`.
        return unsafe digest.withUnsafeBytes { bytes in
            let start = unsafe keep(bytes, room: bytes.count)
            return unsafe ProtobufCBinaryData(
                len: bytes.count, data: start.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Keeps the body of a memory for the next `pack`; nil is none.
    mutating func keep(_ memory: Message.Memory?) -> UnsafeMutablePointer<Convoy__Memory>? {
        guard let memory else { return nil }
        var body = unsafe Convoy__Memory()  // the next call makes it whole
        unsafe convoy__memory__init(&body)
        unsafe body.pid = UInt64(memory.pid)
        unsafe body.descriptor = UInt64(memory.descriptor)
        unsafe body.key = memory.key
        // The bytes are copied, and the copy lives until the next `pack`.
        return unsafe withUnsafeBytes(of: &body) { bytes in
            scratch = (scratch + 15) & ~15
            return unsafe keep(bytes, room: bytes.count).assumingMemoryBound(
                to: Convoy__Memory.self)
        }
    }

    /// Keeps a list of numbers for the next `pack`.
    mutating func keep<Number: BitwiseCopyable>(
        _ numbers: [Number]
    ) -> UnsafeMutablePointer<Number> {
        // The bytes are copied, and the copy lives until the next `pack`.
        unsafe numbers.withUnsafeBytes { bytes in
            scratch = (scratch + 15) & ~15
            return unsafe keep(bytes, room: bytes.count).assumingMemoryBound(to: Number.self)
        }
    }

    private mutating func keep(
        _ bytes: UnsafeRawBufferPointer, room: Int
    ) -> UnsafeMutableRawPointer {
        precondition(
            scratch + room <= 2 * Self.capacity,
            "HeaderBuffer: \(room) bytes of text beyond \(scratch - Self.capacity)")
        // `room` bytes are free there, no fewer than `bytes` has.
        let start = unsafe storage + scratch
        unsafe UnsafeMutableRawBufferPointer(start: start, count: room).copyMemory(from: bytes)
        scratch += room
        return unsafe start  // good until the next `pack`
    }
}
