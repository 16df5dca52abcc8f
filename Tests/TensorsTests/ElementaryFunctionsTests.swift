// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import Testing

/// Against the library of this machine, which is within one unit in the last place.
@Suite struct ElementaryFunctionsTests {
    private static let numbers = stride(from: -40.0, through: 40, by: 0.0371)

    private func near(_ found: Double, _ expected: Double, units: Double = 4) -> Bool {
        abs(found - expected) <= units * expected.ulp || found == expected
    }

    @Test func exponentials() {
        for x in Self.numbers {
            #expect(near(ElementaryFunctions.exp(x), exp(x)), "exp(\(x))")
        }
        for x in [-708.3, -700.3, 700.3, 709.7, 1e-300, -0.0] {
            #expect(near(ElementaryFunctions.exp(x), exp(x)), "exp(\(x))")
        }
        #expect(ElementaryFunctions.exp(711) == .infinity && ElementaryFunctions.exp(-800) == 0)
        #expect(ElementaryFunctions.exp(-.infinity) == 0 && ElementaryFunctions.exp(.nan).isNaN)
    }

    @Test func logarithms() {
        for x in Self.numbers {
            #expect(near(ElementaryFunctions.log(exp(x)), log(exp(x))), "log(exp(\(x)))")
        }
        for x in [1, 0.999, 1.001, 2.3e-308, 1e-300, 1.5e308, 0.5, 2] {
            #expect(near(ElementaryFunctions.log(x), log(x)), "log(\(x))")
        }
        #expect(ElementaryFunctions.log(0) == -.infinity && ElementaryFunctions.log(-1).isNaN)
    }

    @Test func cosines() {
        for x in Self.numbers {
            let rest = x.truncatingRemainder(dividingBy: 2)
            #expect(abs(ElementaryFunctions.cosPi(x) - cos(rest * .pi)) <= 1e-15, "cosPi(\(x))")
        }
        #expect([0, 0.5, 1, 1.5, 2, -1].map(ElementaryFunctions.cosPi) == [1, 0, -1, 0, 1, -1])
    }

    @Test func powers() {
        for (x, y) in [(0.9, 33.7), (2.0, 10.0), (0.5, 0.5), (1e-3, 1.0 / 3)] {
            #expect(near(ElementaryFunctions.pow(x, y), pow(x, y), units: 16), "\(x)^\(y)")
        }
    }
}
