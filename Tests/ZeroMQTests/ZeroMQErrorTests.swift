// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import ZeroMQ

@Suite struct ZeroMQErrorTests {
    @Test func aPortInUse() throws {
        let context = try Context()
        let first = try Router(context)
        let endpoint = try first.bind("tcp://127.0.0.1:*")
        #expect(endpoint.wholeMatch(of: /tcp:\/\/127\.0\.0\.1:[1-9][0-9]*/) != nil)
        let text = try bindError(endpoint)
        #expect(
            text == "zmq_bind \(endpoint): Address already in use; stop the program that listens "
                + "there, or choose another port (* takes a free one)")
    }

    @Test(arguments: [
        (
            "tcp://192.0.2.1:0",
            "Cannot assign requested address; this machine has no such address; bind one of its own, "
                + "or 0.0.0.0 for all of them"
        ),
        (
            "tcp://nowhere.invalid:7070",
            "No such device; this machine has no such address; bind one of its own, or 0.0.0.0 for "
                + "all of them"
        ),
        ("7070", "Invalid argument; expected tcp://HOST:PORT, ipc://PATH or inproc://NAME"),
        ("tcp://", "Invalid argument; expected tcp://HOST:PORT, ipc://PATH or inproc://NAME"),
        (
            "http://127.0.0.1:80",
            "Protocol not supported; this libzmq knows tcp, ipc and inproc; choose one of them"
        ),
        (
            "ipc:///tmp/" + String(repeating: "x", count: 108),
            "File name too long; a socket's path holds at most 107 bytes; choose a shorter directory"
        ),
        ("ipc:///nonexistent/socket", "No such file or directory; make the directory first"),
    ])
    func aPlaceThatCannotBeBound(_ endpoint: String, _ text: String) throws {
        #expect(try bindError(endpoint) == "zmq_bind \(endpoint): \(text)")
    }

    @Test func anAddressThatCannotBeConnectedTo() throws {
        let context = try Context()
        let dealer = try Dealer(context)
        let error = #expect(throws: ZeroMQError.self) { try dealer.connect("tcp://host") }
        #expect(
            error?.description == "zmq_connect tcp://host: Invalid argument; "
                + "expected tcp://HOST:PORT, ipc://PATH or inproc://NAME")
    }

    private func bindError(_ endpoint: String) throws -> String? {
        let router = try Router(Context())
        return #expect(throws: ZeroMQError.self) { try router.bind(endpoint) }?.description
    }
}
