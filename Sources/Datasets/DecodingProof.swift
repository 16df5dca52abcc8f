// SPDX-License-Identifier: Apache-2.0
//
// Two machines train alike only if they decode alike: libjpeg and libpng come from the system, so each
// worker shows what they make of two small images.

import Digests
import Tensors

/// What this machine's decoders, resize and augmentation do to an embedded JPEG and PNG.
public enum DecodingProof {
    /// Equal on two machines whose samples come out equal.
    public static func digest() throws(DatasetError) -> Digest {
        var fingerprint = Fingerprint("decoding 1")
        for hex in [jpeg, png] {
            let file = bytes(hex)
            for shape: Shape in [[18, 25, 3], [11, 40, 1], [30, 9, 3]] {
                var pixels = [UInt8](repeating: 0, count: shape.count)
                // The arrays' own bytes, during the calls.
                let outcome = unsafe file.withUnsafeBytes { file in
                    unsafe pixels.withUnsafeMutableBufferPointer { pixels in
                        Result { () throws(DatasetError) in
                            try unsafe DecodedImage(file: file).fit(shape, into: pixels)
                            unsafe flipHorizontally(pixels, shape)
                        }
                    }
                }
                try outcome.get()
                unsafe pixels.withUnsafeBytes { unsafe fingerprint.add($0) }
            }
        }
        let augmentation = DatasetConfiguration.Augmentation(horizontalFlip: true)
        fingerprint.add(
            (0..<64).map { augmentation.flips(seed: 1, epoch: 2, position: $0) ? 1 : 0 })
        return fingerprint.finalize()
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }

    /// 25 x 18, RGB, chroma at half the resolution: Tests/DatasetsTests/Goldens/images/420.jpg.
    private static let jpeg = """
        ffd8ffe000104a46494600010100000100010000ffdb0043000503040404030504040405050506070c080707
        07070f0b0b090c110f1212110f111113161c1713141a1511111821181a1d1d1f1f1f13172224221e241c1e1f
        1effdb0043010505050706070e08080e1e1411141e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e
        1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1effc000110800120019030122000211010311
        01ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002010303
        020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f024
        33627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566
        6768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7
        b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffc400
        1f0100030101010101010101010000000000000102030405060708090a0bffc400b511000201020404030407
        05040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a
        162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a63646566676869
        6a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9
        bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9faffda000c030100
        02110311003f00f56f0278c04ba544a9117770000064924e00ee7bd647c4f492480b4f7eb1c8dc94116e0bed
        f7bd3ad43f0df4b36d696f72a82510b2b9193c8073807f0c55af8a274ab883cf17f6f1193a2bca15c7b104e7
        a8ff0022bbb29cc30fed1e872e6b95cf9a1fbd478ce95e2396c35636d748c9321c8eeac3b11edc7e845767ff
        00099ffd3ba7fdf46bcde6b68f53f12f9f02b8863558d58820be198e71d864f7ff00eb574dfd90dfdc7fd6be
        2b88730c32c63d0fd632ccaaa3c1d3fdead8f69f0680343560307cbce475cf15e7df16f892423aee3fccd145
        7b7957c6cfc0b36de079e785ff00d686efbbad7a56c4fee2fe54515f15c47fef8cfd672bff0073a7e87fffd9
        """

    /// 12 x 9, RGB and alpha: Tests/DatasetsTests/Goldens/images/rgba.png.
    private static let png = """
        89504e470d0a1a0a0000000d494844520000000c00000009080600000006b8cd540000017949444154789c05
        c1c96ed4301800e0df4b9c65b23453ca54aa34074042957aa8c401a9aab8f0b8880b3c108581cc349b93d8b1
        93388ef93ef4f3dbf71fc9cdd5125074f7c1cf237d4468bfa644e343dc7873c07d3f6a5bc14eaf412d4d61f0
        a8adee6a4302675bbeb792110ff70c873ab0d36667dd75ae957ed2746189057529ae42ee306e71cb025cca89
        cd65b42aebd1ade9f29a931da1f3b65526de95391ba67ca1e3df1daaee00440ff1f54464195cb031714aae93
        f334e3ec5737465c2a18905dab41495a61aeb408d53b5c8ed54df6dea34e2c6a5f73d967c3d5a88da5ace2a1
        7afc7a3c64aff0969e2f561f12e29d5612df8e5236b707279682c55eda12416993b8f5e9d3f1e1a506f8d32e
        80e7a5ec7c109eb1e7b935aaefff95be73929bad0af45cecee1f3f3e68ae81ae0a9061809372d3fa0443568c
        7d82ec92ce834cda65b53c1a9e3f7fb97f7301103e40ff629cbf2e80730371668ac96a15b3be07656045c433
        7170564e5430116df6422f0caf08fdeee03f0c07eee7f9aa04440000000049454e44ae426082
        """
}
