// SPDX-License-Identifier: Apache-2.0

import Reporting
import Testing

@Suite struct SummaryTableTests {
    @Test func columnsAreAsWideAsTheirWidestCell() {
        let rows = [
            SummaryTable.Row(layer: "conv2d (Conv2D)", shape: "(26, 26, 32)", parameters: 320),
            SummaryTable.Row(layer: "dense (Dense)", shape: "(10)", parameters: 12_345_678),
        ]
        #expect(
            SummaryTable.lines(rows) == [
                "Layer (type)      Output shape   Parameters",
                "-------------------------------------------",
                "conv2d (Conv2D)   (26, 26, 32)          320",
                "dense (Dense)     (10)           12,345,678",
                "-------------------------------------------",
                "Total parameters: 12,345,998 (47.1 MiB)",
            ])
    }

    @Test func sizesTakeTheirUnit() {
        #expect(SummaryTable.size(1023) == "1023 bytes")
        #expect(SummaryTable.size(1024) == "1.0 KiB")
        #expect(SummaryTable.size(3 << 40) == "3.0 TiB")
    }
}
