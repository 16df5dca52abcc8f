// SPDX-License-Identifier: Apache-2.0

import CImageCodecs

/// The versions of the codecs.
public func imageCodecVersions() -> [(name: String, version: String)] {
    // Constants of the libraries.
    unsafe [
        ("libjpeg-turbo", String(cString: codec_jpeg_version())),
        ("libpng", String(cString: codec_png_version())),
        ("libwebp", String(cString: codec_webp_version())),
        ("zlib", String(cString: zlibVersion())),
    ]
}
