// SPDX-License-Identifier: Apache-2.0

import Engines
import Tensors

extension Engine {
    /// The kernel set of that name, or the best one.
    public static func kernels(named name: String?) throws(RuntimeError) -> KernelSet {
        guard let name else { return best() }
        guard let kernels = named(name) else {
            throw RuntimeError(
                .system,
                "this machine has no engine '\(name)'; it can run "
                    + available.map(\.name).joined(separator: ", "))
        }
        return kernels
    }
}
