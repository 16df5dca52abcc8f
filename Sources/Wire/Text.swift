// SPDX-License-Identifier: Apache-2.0

/// The kinds of text on the wire. What a peer writes ends up on terminals and in logs, so control
/// characters do not pass.
enum Text {
    /// One line: names of workers, hosts, layers, builds.
    case name
    /// Some lines for people to read: reasons and failures.
    case prose
    /// A whole file; never changed.
    case job

    /// In UTF-8 bytes.
    var limit: Int {
        switch self {
        case .name: WireLimits.nameBytes
        case .prose: WireLimits.proseBytes
        case .job: WireLimits.jobBytes
        }
    }

    func allows(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .name: scalar.properties.generalCategory != .control
        case .prose, .job:
            scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
        }
    }

    /// `text` as it may travel: cut at the limit, a space in place of each character not allowed.
    ///
    /// - Precondition: A job may travel as it is; `Message.Welcome.check(job:)` tells.
    func fitting(_ text: String) -> String {
        if text.utf8.count <= limit, text.unicodeScalars.allSatisfy(allows) { return text }
        precondition(
            self != .job, "Text: a job of \(text.utf8.count) bytes is not fit for a welcome")
        var fitting = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            let scalar = allows(scalar) ? scalar : " "
            count += UTF8.width(scalar)
            if count > limit { break }
            fitting.append(scalar)
        }
        return String(fitting)
    }

    /// As Unicode writes it: `U+1B`.
    static func name(of scalar: Unicode.Scalar) -> String {
        "U+" + String(scalar.value, radix: 16, uppercase: true)
    }
}

extension Message.Welcome {
    /// Whether a welcome can carry this job, to be asked before there is a worker to welcome.
    public static func check(job: String) throws(WireError) {
        guard job.utf8.count <= WireLimits.jobBytes else {
            throw WireError(
                code: .tooLarge,
                detail: "the resolved job has \(job.utf8.count) bytes, a welcome carries at most "
                    + "\(WireLimits.jobBytes); shorten its names or use fewer layers")
        }
        if let scalar = job.unicodeScalars.first(where: { !Text.job.allows($0) }) {
            throw WireError(
                code: .malformed,
                detail: "the resolved job holds the control character \(Text.name(of: scalar)), "
                    + "expected text; remove it")
        }
    }
}
