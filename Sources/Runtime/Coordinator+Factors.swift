// SPDX-License-Identifier: Apache-2.0
//
// Layers whose gradients travel as factors: from who computed them here, where gradients are made of them while
// they are added; and by a network to all others, who then step the layer themselves. What is not so cheap there
// comes once, when a worker joins: the weights, and what the optimizer keeps of them.

import Coordination
import Digests
import Layers
import Tensors
import Wire

extension Coordinator {
    /// Of a whole batch, if anything travels as factors; else 0. That takes layers that are stepped by themselves,
    /// and audited machines are not to compute for others.
    static func factoredShards(_ run: Run) -> Int {
        guard run.job.cluster.audit == 0,
            !run.job.training.optimizer.needsWholeGradient(run.chunks.layout)
        else { return 0 }
        let batch = min(run.plan.batchSize, run.plan.trainingSamples)
        return (batch + run.plan.shardSize - 1) / run.plan.shardSize
    }

    /// Whether workers step such layers themselves. In the memory of one machine they see the weights anyway.
    private var layersAreSteppedByAll: Bool { memory == nil }

    // MARK: Arrivals

    /// Factors of a shard that lie in their worker's memory have come.
    func contribute(_ message: Message.Factors, at place: Int, from index: Int) {
        let layer = factors?.plan.layer(ofBucket: message.bucket)
        let plan = layer.flatMap { factors?.plan.layers[$0] }
        guard let plan, 1...plan.gradient.mostSamples ~= message.samples,
            let lender = members[index].memory, place % MemoryLayout<Float>.alignment == 0,
            let bytes = lender.bytes(
                at: place, count: plan.gradient.count(samples: message.samples) * 4)
        else { return loseSender(of: message, index) }
        contribute(message, .place(bytes.assumingMemoryBound(to: Float.self), lender), index)
    }

    /// A part of the factors of a shard has come with its message.
    func contribute(
        _ message: Message.Factors, _ payload: UnsafeRawBufferPointer, from index: Int
    ) {
        guard checksum64(payload) == message.checksum else {
            return lose(
                members[index].number, reason: "sent damaged factors (bucket \(message.bucket))")
        }
        contribute(message, .part(message.part, payload, checksum: message.checksum), index)
    }

    private func loseSender(of message: Message.Factors, _ index: Int) {
        lose(
            members[index].number, reason: "sent factors that cannot be (bucket \(message.bucket))")
    }

    /// When the factors of a shard are whole, they stand for one more vector of each chunk of the layer.
    private func contribute(
        _ message: Message.Factors, _ arrival: FactorExchange.Arrival, _ index: Int
    ) {
        let id = StepID(raw: message.step)
        guard boards.contains(where: { $0.step == id }) else { return }
        let step = run.plan.step(id)
        guard let factors, let layer = factors.plan.layer(ofBucket: message.bucket),
            step.kind == .train, message.version == UInt64(step.trainingStep),
            message.shard < step.shards,
            message.samples == run.plan.samples(ofShard: message.shard, in: step).count,
            factors.fits(arrival, layer, samples: message.samples)
        else { return loseSender(of: message, index) }
        let isWhole = factors.add(
            layer, of: id, version: message.version, shard: message.shard,
            samples: message.samples, arrival)
        if layersAreSteppedByAll {
            // Who sends them has them all.
            members[index].factored[layer].got(shard: message.shard, version: message.version)
        }
        guard isWhole else { return }
        for other in members.indices where members[other].factored[layer].version == message.version
        {
            sendFactors(layer, version: message.version, shard: message.shard, to: other)
        }
        // A vector may be the last of its sender's.
        let number = members[index].number
        for chunk in factors.plan.layers[layer].chunks {
            guard let index = members.firstIndex(where: { $0.number == number }) else { return }
            contribute(
                .init(
                    session: message.session, lease: message.lease, step: message.step,
                    chunk: chunk, level: 0, index: message.shard, checksum: 0, lossSum: 0,
                    correct: 0, samples: 0), .unmade(shard: message.shard), from: index)
        }
    }

    // MARK: To workers

    private func sendFactors(_ layer: Int, version: UInt64, shard: Int, to index: Int) {
        guard !members[index].factored[layer].has(shard: shard, version: version),
            let peer = members[index].data, let factors,
            let batch = factors.batch(layer, version: version)
        else { return }
        members[index].factored[layer].got(shard: shard, version: version)
        let plan = factors.plan.layers[layer], samples = batch.samples[shard]
        for part in 0..<plan.parts(samples: samples) {
            send(
                .factors(
                    .init(
                        session: members[index].session, lease: 0, step: 0, version: version,
                        bucket: plan.bucket, shard: shard, samples: samples, part: part,
                        checksum: batch.checksums[shard][part])),
                batch.part(part, ofShard: shard), of: batch.buffer, to: peer)
        }
    }

    /// Whether a worker makes this version of a chunk itself, of the one before that it has.
    func makesItself(_ chunk: Int, _ version: UInt64, _ index: Int) -> Bool {
        guard let layer = factors?.plan.layer(ofBucket: run.chunks.chunks[chunk].bucket) else {
            return false
        }
        return version > 0 && members[index].factored[layer].version == version - 1
            && factors?.batch(layer, version: version - 1) != nil
    }

    /// The worker is told to, once all of the layer has been stepped here.
    ///
    /// - Returns: False if that cannot be: then it needs the weights.
    func sendRenewal(_ chunk: Int, _ version: UInt64, to index: Int) -> Bool {
        let bucket = run.chunks.chunks[chunk].bucket
        guard let factors, let layer = factors.plan.layer(ofBucket: bucket),
            let peer = members[index].data, let stepped = shelf.lastStep(of: version),
            let batch = factors.batch(layer, version: version - 1)
        else { return false }
        let chunks = factors.plan.layers[layer].chunks
        let versions = shelf.versions[chunks]
        // The step after that has been taken without this worker.
        guard versions.allSatisfy({ $0 <= version }) else { return false }
        guard versions.allSatisfy({ $0 == version }) else { return true }
        let shards = (stepped.samples + run.plan.shardSize - 1) / run.plan.shardSize
        guard batch.isWhole(shards) else { return false }
        for shard in 0..<shards {
            sendFactors(layer, version: version - 1, shard: shard, to: index)
        }
        for chunk in chunks {
            members[index].sentVersions[Int(version & 1)][chunk] = version
            noteLeaving(chunk, version, to: index)
        }
        members[index].factored[layer].version = version
        send(
            .renewal(
                .init(
                    session: members[index].session, version: version, bucket: bucket,
                    samples: stepped.samples, rate: stepped.rate,
                    checksums: Array(shelf.checksums[chunks]),
                    digest: digestIfLast(version, to: index))), to: peer)
        return true
    }

    /// A chunk of weights has been sent: with what the optimizer keeps of it, if that is of the same version, the
    /// worker can make the next one itself.
    func sendSlots(_ chunk: Int, _ version: UInt64, to index: Int) {
        guard layersAreSteppedByAll,
            let layer = factors?.plan.layer(ofBucket: run.chunks.chunks[chunk].bucket),
            let plan = factors?.plan.layers[layer], let peer = members[index].data,
            shelf.versions[chunk] == version
        else { return }
        if members[index].factored[layer].sent.version != version {
            members[index].factored[layer].sent = (version, 0)
        }
        let range = run.chunks.chunks[chunk].range
        // How they begin everybody knows.
        let slots = version == 0 ? 0 : run.job.training.optimizer.optimizer.slots
        for slot in 0..<slots {
            // They change in place, and the message may be long on its way: it takes a copy.
            let copy = FlightBuffer<Float>(count: range.count)
            _ = copy.memory.elements.update(fromContentsOf: shelf.optimizerState[slot][range])
            let bytes = UnsafeRawBufferPointer(copy.memory.elements)
            send(
                .slot(
                    .init(
                        session: members[index].session, version: version, slot: slot, chunk: chunk,
                        checksum: checksum64(bytes))), bytes, of: copy, to: peer)
        }
        members[index].factored[layer].sent.chunks += 1
        if members[index].factored[layer].sent.chunks == plan.chunks.count {
            members[index].factored[layer].version = version
        }
    }
}
