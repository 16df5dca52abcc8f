// SPDX-License-Identifier: Apache-2.0
//
// Image files for the proof that a worker decodes as the coordinator does.

import Foundation

/// 15x12 pixels with red = 17 x, green = 21 y, blue = 9 x y + 40 (all modulo 256), in the formats that are
/// decoded.
package enum CannedImages {
    package static let all: [Data] = [jpeg, png, webp].compactMap { Data(base64Encoded: $0) }

    /// Quality 85, chroma at half resolution.
    private static let jpeg =
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwX\
        ExQaFRERGCEYGh0dHx8fExciJCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4e\
        Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/wAARCAAMAA8DASIAAhEBAxEB/8QAHwAAAQUBAQEB\
        AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKB\
        kaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1\
        dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl\
        5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcF\
        BAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5\
        OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0\
        tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDybw14CQRx\
        E2pdnPyrjr6816FofgRfKB8hMgfwR8N+eT+Qr0fw7o1hi3Hk/fVVPPbJP9K77QdKsnQqY+CQMdcZBbvXlZnx\
        DOjRV46NaW3va929H0/JW3b5+AuM8S+Xc//Z
        """

    /// Quality 85.
    private static let webp =
        """
        UklGRqIAAABXRUJQVlA4IJYAAABwAgCdASoPAAwAAQAcJbACdDBM/JgBrgOrgd8wAP7+1tK5b4SJHs5FgFvf8I\
        QmCMdTx9jxzWNAM0VS2KH95VtQC1kS17HrBJ/VU849q1GpzUarvOC/J8LOCEF/xmMcp4fmRXCypv1e6ZSD7Ey+\
        n9k9WaUs/wzGjVj/agVhD3/tcXnJ//62/nLU//3jfeShC9/z5rykgAA=
        """

    /// RGB, 8 bits.
    private static let png =
        """
        iVBORw0KGgoAAAANSUhEUgAAAA8AAAAMCAIAAAAyIHCzAAAAeklEQVR42o2OIQ+AIBQGz81i1M1kJVisVCuV\
        Sn3VauWf+d8MDIYiju3Cve327XWwjtBIzwwMjaR6aiGvlzpHkFetMszzVKDKegMN2xe+rHWBJK9t77CDjRJ4\
        b5usNhlHkNq2BQMWLEgU//NJqB04uOAE91lLrAUcSMTfPWsdsjONTJ0AAAAASUVORK5CYII=
        """
}
