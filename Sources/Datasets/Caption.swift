// SPDX-License-Identifier: Apache-2.0
//
// Small letters for pictures.

/// A line of text, black on white, of letters five pixels wide and seven high.
struct Caption {
    static let height = 9
    private static let advance = 6
    private static let unknown = 63 - 32  // a question mark

    private let glyphs: [UInt64]

    /// - Parameter width: Of the line, in pixels: longer text is cut. What is no ASCII is shown as a
    ///   question mark.
    init(_ text: String, width: Int) {
        glyphs = text.prefix(width / Self.advance).map { character in
            let code = Int(character.asciiValue ?? 0) - 32
            return Self.font[Self.font.indices.contains(code) ? code : Self.unknown]
        }
    }

    /// Whether the pixel is black; `y` counts from the top.
    func isBlack(_ y: Int, _ x: Int) -> Bool {
        let (letter, column) = x.quotientAndRemainder(dividingBy: Self.advance)
        guard letter < glyphs.count, column < 5, 1..<8 ~= y else { return false }
        return glyphs[letter] >> UInt64(8 * column + y - 1) & 1 == 1
    }

    /// From the blank to the tilde: of each letter five columns of a byte, the first one lowest, whose
    /// lowest bit is on top.
    private static let font: [UInt64] = [
        0x0000000000, 0x00005F0000, 0x0007000700, 0x147F147F14, 0x122A7F2A24, 0x6264081323,
        0x5020564936, 0x0000030500, 0x0041221C00, 0x001C224100, 0x14083E0814, 0x08083E0808,
        0x0000305000, 0x0808080808, 0x0000606000, 0x0204081020, 0x3E4549513E, 0x00407F4200,
        0x4649516142, 0x314B454121, 0x107F121418, 0x3945454527, 0x3049494A3C, 0x0305097101,
        0x3649494936, 0x1E29494906, 0x0000363600, 0x0000365600, 0x0041221408, 0x1414141414,
        0x0814224100, 0x0609510102, 0x3E41794932, 0x7E1111117E, 0x364949497F, 0x224141413E,
        0x1C2241417F, 0x414949497F, 0x010909097F, 0x7A4949413E, 0x7F0808087F, 0x00417F4100,
        0x013F414020, 0x412214087F, 0x404040407F, 0x7F020C027F, 0x7F1008047F, 0x3E4141413E,
        0x060909097F, 0x5E2151413E, 0x462919097F, 0x3149494946, 0x01017F0101, 0x3F4040403F,
        0x1F2040201F, 0x3F4038403F, 0x6314081463, 0x0708700807, 0x4345495161, 0x0041417F00,
        0x2010080402, 0x007F414100, 0x0402010204, 0x4040404040, 0x0004020100, 0x7854545420,
        0x384444487F, 0x2044444438, 0x7F48444438, 0x1854545438, 0x0201097E08, 0x3E5252520C,
        0x780404087F, 0x00407D4400, 0x003D444020, 0x004428107F, 0x00407F4100, 0x780418047C,
        0x780404087C, 0x3844444438, 0x081414147C, 0x7C18141408, 0x080404087C, 0x2054545448,
        0x2040443F04, 0x7C2040403C, 0x1C2040201C, 0x3C4030403C, 0x4428102844, 0x3C5050500C,
        0x444C546444, 0x0041360800, 0x00007F0000, 0x0008364100, 0x0810080810,
    ]
}
