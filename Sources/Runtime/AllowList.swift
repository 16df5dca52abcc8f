// SPDX-License-Identifier: Apache-2.0

import Foundation
import ZeroMQ

/// The public keys of those who may work for a coordinator: a line each, the key and a name for it.
///
/// A file is watched: who is taken off is to go at once, who is added may come. While it cannot be read
/// nobody new comes in.
public final class AllowList {
    package private(set) var names: [CurveKey: String]
    private let path: String?
    private var stamp: KeyText.Stamp?
    /// As the file looked at the last refresh, when that was not as it was read.
    private var changing: KeyText.Stamp??
    /// Why nobody new comes in.
    private(set) var problem: String?

    /// One that stays as it is.
    public init(_ names: [CurveKey: String]) {
        self.names = names
        path = nil
    }

    public init(path: String) throws(RuntimeError) {
        self.path = path
        let (text, stamp) = try KeyText.read(path, isSecret: false)
        names = try Self.parse(text, from: path)
        self.stamp = stamp
    }

    /// One more, for as long as this object lives.
    public func add(_ key: CurveKey, name: String) {
        own[key] = name
        names[key] = name
    }
    private var own: [CurveKey: String] = [:]

    public func admits(_ key: CurveKey) -> Bool {
        own[key] != nil || problem == nil && names[key] != nil
    }

    /// Where a key has to stand to be admitted.
    var place: String { path ?? KeyText.allowedVariable }

    package enum Change: Equatable {
        case none
        /// It was read anew, and these are not in it any more.
        case revoked([CurveKey])
        /// It cannot be read; told once.
        case unreadable(String)
    }

    /// Reads the file again if it has changed since, and not since the last call: one that is being
    /// written is not torn from its writer's hands.
    package func refresh() -> Change {
        guard let path else { return .none }
        let now = KeyText.Stamp(path: path)
        if now == stamp, problem == nil {
            changing = nil
            return .none
        }
        guard let seen = changing, seen == now else {
            changing = .some(now)
            return .none
        }
        do {
            let (text, stamp) = try KeyText.read(path, isSecret: false)
            let read = try Self.parse(text, from: path).merging(own) { _, own in own }
            let revoked = names.keys.filter { read[$0] == nil }
            names = read
            self.stamp = stamp
            problem = nil
            changing = nil
            return .revoked(revoked)
        } catch {
            guard problem != error.detail else { return .none }
            problem = error.detail
            return .unreadable(error.detail)
        }
    }

    package static func parse(_ text: String, from place: String) throws(RuntimeError) -> [CurveKey:
        String]
    {
        var names: [CurveKey: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard let key = CurveKey(hex: words[0]) else {
                throw RuntimeError(
                    .keys,
                    "\(place), line \(number + 1): '\(words[0].prefix(20))' is no public key; expected "
                        + "64 hexadecimal digits and a name, or # and a comment")
            }
            names[key] = words.count > 1 ? String(words[1]) : ""
        }
        return names
    }
}
