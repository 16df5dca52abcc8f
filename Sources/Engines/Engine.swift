// SPDX-License-Identifier: Apache-2.0
//
// Which kernels this machine can run, and which of them it should.

import CMachine
import Kernels
import Tensors

#if arch(x86_64)
    import KernelsAVX2
    import KernelsAVX512
#endif

/// The instruction sets that the kernels are compiled for.
public enum Engine {
    /// The kernel sets that this machine can run, slowest first. AVX-512 is among them only if it
    /// computes the same bits as AVX2 here and now.
    public static let available: [KernelSet] = {
        #if arch(x86_64)
            var sets = [KernelSet(name: "portable", loops: Kernels.Loops.self)]
            if machine_has_avx2() {
                sets.append(KernelSet(name: "avx2", loops: KernelsAVX2.Loops.self))
            }
            if machine_has_avx512() {
                let wide = KernelSet(name: "avx512", loops: KernelsAVX512.Loops.self)
                if SelfCheck.digest(wide) == SelfCheck.digest(sets[sets.count - 1]) {
                    sets.append(wide)
                }
            }
            return sets
        #else
            return [KernelSet(name: "neon", loops: Kernels.Loops.self)]
        #endif
    }()

    /// The fastest kernel set that this machine can run.
    public static func best() -> KernelSet { available[available.count - 1] }

    /// The kernel set of that name; nil if it does not exist or this machine cannot run it.
    public static func named(_ name: String) -> KernelSet? {
        available.first { $0.name == name }
    }

    /// A digest of what `kernels` compute of a few fixed layers: equal for all that compute alike.
    public static func selfCheck(_ kernels: KernelSet) -> UInt64 { SelfCheck.digest(kernels) }

    /// Makes subnormal numbers zero on the calling thread, operands and results alike. Every thread that
    /// runs kernels calls this first: the mode is part of the arithmetic.
    public static func enableFlushToZero() {
        machine_flush_subnormals()
        precondition(isFlushingToZero, "Engine: this machine does not flush subnormals to zero")
    }

    /// Whether the calling thread computes as `enableFlushToZero` has it: the mode is set, and a product
    /// shows it.
    public static var isFlushingToZero: Bool {
        machine_flushes_subnormals() && half(.leastNormalMagnitude) == 0
            && half(.leastNonzeroMagnitude) == 0
    }

    @inline(never)
    @_optimize(none)
    private static func half(_ x: Float) -> Float { x * 0.5 }
}
