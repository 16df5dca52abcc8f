// SPDX-License-Identifier: Apache-2.0
//
// Layers that the worker steps itself: what arrives for them, and the threads that have a moment.

import Coordination
import Digests
import Layers
import Tensors
import Wire

extension WorkQueue {
    /// The layer that a bucket is, if its gradient travels as factors.
    private func layer(ofBucket bucket: Int) -> FactoredLayer? {
        factored.isEmpty ? nil : model.factors.layer(ofBucket: bucket).map { factored[$0] }
    }

    /// A part of the factors of a shard that another worker has computed.
    func addFactors(_ message: Message.Factors, _ bytes: UnsafeRawBufferPointer) -> Arrival {
        guard let layer = layer(ofBucket: message.bucket), checksum64(bytes) == message.checksum
        else { return .damaged }
        return monitor.withLock {
            guard layer.hasRoom(for: message.version) else { return .tooEarly }
            guard
                layer.add(
                    version: message.version, shard: message.shard, samples: message.samples,
                    part: message.part, bytes)
            else { return .damaged }
            if layer.isReady { monitor.broadcast() }
            return .stored
        }
    }

    /// What the optimizer keeps of a chunk.
    func addSlot(_ message: Message.Slot, _ bytes: UnsafeRawBufferPointer) -> Arrival {
        guard model.chunks.chunks.indices.contains(message.chunk),
            checksum64(bytes) == message.checksum
        else { return .damaged }
        let chunk = model.chunks.chunks[message.chunk]
        guard let layer = layer(ofBucket: chunk.bucket) else { return .damaged }
        return monitor.withLock {
            if layer.renewal != nil { return .tooEarly }
            return layer.addSlot(message.slot, message.version, chunk: chunk.range, bytes)
                ? .stored : .damaged
        }
    }

    /// A layer is to be stepped.
    func renew(_ renewal: Message.Renewal) -> Arrival {
        guard let layer = layer(ofBucket: renewal.bucket), renewal.version > 0,
            renewal.checksums.count == layer.plan.chunks.count,
            renewal.samples <= model.factors.shards * shardSize
        else { return .damaged }
        return monitor.withLock {
            if layer.renewal != nil { return .tooEarly }
            layer.renew(renewal)
            monitor.broadcast()
            return .stored
        }
    }

    /// Whether a chunk's weights are still being made here of those before.
    func isBeingRenewed(chunk: Int) -> Bool {
        layer(ofBucket: model.chunks.chunks[chunk].bucket)?.renewal != nil
    }

    /// Whether weights that were made here are not those of the coordinator. Told once.
    func takeDisagreement() -> Bool {
        monitor.withLock {
            defer { disagrees = false }
            return disagrees
        }
    }

    /// The factors of a shard are there, at the front of the layer's part of its gradient: they leave, and
    /// a copy stays here if the layer is stepped here.
    func depositFactors(
        _ work: LeaseWork, shard: Int, samples: Int, of index: Int, gradient: FlightBuffer<Float>
    ) {
        let plan = model.factors.layers[index]
        let layer = factored.isEmpty ? nil : factored[index]
        let start = plan.gradient.parameters.lowerBound, parts = plan.parts(samples: samples)
        monitor.withLock {
            for part in 0..<plan.chunks.count {
                guard part < parts else {
                    gradient.release()
                    continue
                }
                let floats = plan.floats(ofPart: part, samples: samples)
                let range = start + floats.lowerBound..<start + floats.upperBound
                _ = layer?.add(
                    version: work.version, shard: shard, samples: samples, part: part,
                    UnsafeRawBufferPointer(gradient.memory[range]))
                outgoing.append(
                    Outgoing(
                        kind: .train, lease: work.lease.lease, step: work.lease.step,
                        version: work.version,
                        // The last one that is made of them.
                        chunk: plan.chunks.upperBound - 1,
                        node: TreeNode(level: 0, index: shard),
                        metrics: NodeMetrics(), gradient: gradient,
                        since: isTraced ? UInt64(Monitor.now) : 0,
                        factors: FactorPart(
                            bucket: plan.bucket, samples: samples, part: part, range: range)))
            }
        }
        doorbell.ring()
    }

    /// Makes a piece of a layer's new weights, if there is one to make. Called with the lock held, which is let
    /// go meanwhile.
    func makePiece(_ timeline: Timeline?) -> Bool {
        for layer in factored {
            guard layer.isReady, let version = layer.renewal?.version,
                versions.has(version &- 1, layer.plan.chunks)
            else { continue }
            if layer.isUntouched {
                // Somebody may still compute with what lies there.
                if isTooEarly(version) { continue }
                for chunk in layer.plan.chunks { versions.begin(version, chunk) }
            }
            guard let piece = layer.takePiece() else { continue }
            monitor.unlock()
            timeline?.interrupt(.update, part: layer.plan.chunks.lowerBound)
            layer.make(piece)
            monitor.lock()
            if layer.finish(piece) { publish(layer, piece, version) }
            timeline?.resume()
            return true
        }
        return false
    }

    /// All pieces of a layer's new weights are there. Called with the lock held, which is let go meanwhile.
    private func publish(_ layer: FactoredLayer, _ piece: FactoredLayer.Piece, _ version: UInt64) {
        monitor.unlock()
        let agrees = layer.agrees(piece)
        monitor.lock()
        layer.close()
        if agrees {
            for chunk in layer.plan.chunks { versions.end(version, chunk) }
            if versions.has(version) { completed[Int(version & 1)] = Monitor.now }
        } else {
            disagrees = true
            doorbell.ring()
        }
        monitor.broadcast()
    }
}
