// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them, the same under every locale.

/// Formats of numbers in messages.
public enum Figures {
    /// `0.8934`: rounded to a number of places, which all stand.
    public static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return value.description }
        let whole = Int(scaled) / Int(scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(whole)" }
        let fraction = String(Int(scaled) % Int(scale))
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(sign)\(whole).\(zeros)\(fraction)"
    }

    /// `93,322`.
    public static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// `4.2 s`, `3:07`, `1:02:45`.
    public static func elapsed(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "-" }
        return seconds < 59.95 ? decimal(max(seconds, 0), places: 1) + " s" : clock(seconds)
    }

    /// `0:42`, `1:02:45`; `-:--` where it cannot be known.
    public static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, (0..<1e9).contains(seconds) else { return "-:--" }
        let total = Int(seconds.rounded())
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

    /// `1 worker`, `2 workers`.
    public static func count(_ number: Int, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `8,912 images/s`; small rates keep a place.
    public static func rate(_ imagesPerSecond: Double) -> String {
        guard imagesPerSecond.isFinite, imagesPerSecond < 1e15 else { return "- images/s" }
        return
            (imagesPerSecond < 100
            ? decimal(imagesPerSecond, places: 1) : grouped(Int(imagesPerSecond.rounded())))
            + " images/s"
    }
}
