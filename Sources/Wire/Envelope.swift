// SPDX-License-Identifier: Apache-2.0

import CWire

/// A header that protobuf-c has taken apart. Its memory, texts and all, lives as long as it does.
@safe struct Envelope: ~Copyable {
    private let unpacked: UnsafeMutablePointer<Convoy__Envelope>

    /// Nil if the header is cut off or garbled.
    init?(_ header: UnsafeRawBufferPointer) {
        let bytes = unsafe header.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // protobuf-c reads `count` bytes, no more.
        guard let unpacked = unsafe convoy__envelope__unpack(nil, header.count, bytes) else {
            return nil
        }
        unsafe self.unpacked = unpacked  // freed in `deinit`
    }

    deinit { unsafe convoy__envelope__free_unpacked(unpacked, nil) }  // nobody else has it

    /// Which of the bodies is there.
    var kind: Convoy__Envelope__BodyCase {
        unsafe unpacked.pointee.body_case  // unpacked in `init`
    }

    /// The C struct, good for as long as `self` is: the body that `kind` tells, and no other.
    var fields: Convoy__Envelope { unsafe unpacked.pointee }  // unpacked in `init`

    /// The number of a field that this protocol does not have; nil if there is none.
    var unknownField: UInt32? {
        // protobuf-c keeps `n_unknown_fields` of them.
        let base = unsafe unpacked.pointee.base
        return unsafe base.n_unknown_fields > 0 ? base.unknown_fields[0].tag : nil
    }

    /// How many fields this protocol does not have, in the envelope, in its body and in what that holds.
    var unknownFieldCount: Int {
        // All bodies are one pointer, and start with their ProtobufCMessage: `hello` is any of them.
        let body = unsafe UnsafeRawPointer(unpacked.pointee.hello)?
            .assumingMemoryBound(to: ProtobufCMessage.self)
        let inBody = unsafe body?.pointee.n_unknown_fields ?? 0
        let memory =
            switch kind {
            case CONVOY__ENVELOPE__BODY_HELLO: unsafe unpacked.pointee.hello.pointee.memory
            case CONVOY__ENVELOPE__BODY_WELCOME: unsafe unpacked.pointee.welcome.pointee.memory
            default: unsafe nil as UnsafeMutablePointer<Convoy__Memory>?
            }
        let inMemory = unsafe memory?.pointee.base.n_unknown_fields ?? 0
        // Unpacked in `init`.
        return unsafe Int(unpacked.pointee.base.n_unknown_fields + inBody + inMemory)
    }

    /// Bytes of the header that this envelope would be packed into.
    var packedCount: Int {
        unsafe convoy__envelope__get_packed_size(unpacked)  // reads what `init` unpacked
    }
}
