// SPDX-License-Identifier: Apache-2.0
//
// What is done to a run, and when: a pure function of a seed.

/// Events in the order in which they happen.
struct ChaosSchedule {
    enum Event: Equatable {
        /// Workers are numbered in the order in which they start.
        case startWorker(Int, threads: Int)
        case killWorker(Int)
        /// It may finish what it computes, and says goodbye.
        case dismissWorker(Int)
        case freezeWorker(Int, seconds: Double)
        case killCoordinator(secondsDown: Double)
        case freezeCoordinator(seconds: Double)
        /// All connections break, in the middle of whatever they carry.
        case cutNetwork
        /// Nothing arrives for a while, then all of it.
        case holdNetwork(seconds: Double)

        var kind: String {
            switch self {
            case .startWorker: "worker started"
            case .killWorker: "worker killed"
            case .dismissWorker: "worker told to leave"
            case .freezeWorker(_, let seconds) where seconds > ChaosSchedule.deadline:
                "worker frozen beyond its deadline"
            case .freezeWorker: "worker frozen for a moment"
            case .killCoordinator: "coordinator killed and started again"
            case .freezeCoordinator: "coordinator frozen"
            case .cutNetwork: "connections cut"
            case .holdNetwork(let seconds) where seconds > ChaosSchedule.deadline:
                "network held up beyond the deadline"
            case .holdNetwork: "network held up for a moment"
            }
        }
    }

    enum Victims: CaseIterable {
        /// The coordinator stays: nothing but the workers themselves gets a step that stands still going.
        case workers
        case workersAndCoordinator
        case workersCoordinatorAndNetwork

        /// One after the last number of the dice that means something.
        fileprivate var kinds: Int {
            switch self {
            case .workers: 86
            case .workersAndCoordinator: 100
            case .workersCoordinatorAndNetwork: 120
            }
        }
    }

    /// Three heartbeats of the job: a worker that is silent for longer is taken for lost.
    static let deadline = 0.3
    private static let mostWorkers = 4

    let events: [(pause: Double, event: Event)]

    init(seed: UInt64, count: Int, victims: Victims) {
        var random = SplitMix64(state: seed)
        // Those that were told neither to leave nor to die.
        var workers: [Int] = []
        var started = 0
        func event() -> Event? {
            let dice = Int.random(in: 0..<victims.kinds, using: &random)
            if dice < 34 || workers.isEmpty {
                guard workers.count < Self.mostWorkers else { return nil }
                workers.append(started)
                defer { started += 1 }
                return .startWorker(started, threads: Int.random(in: 1...2, using: &random))
            }
            let place = Int.random(in: workers.indices, using: &random)
            switch dice {
            case ..<52: return .killWorker(workers.remove(at: place))
            case ..<64: return .dismissWorker(workers.remove(at: place))
            case ..<77:
                return .freezeWorker(
                    workers[place],
                    seconds: Double.random(in: Self.deadline * 1.2...1.5, using: &random))
            case ..<86:
                return .freezeWorker(
                    workers[place],
                    seconds: Double.random(in: 0.02...Self.deadline * 0.7, using: &random))
            case ..<95:
                return .killCoordinator(
                    secondsDown: Double.random(in: 0...0.8, using: &random))
            case ..<100:
                return .freezeCoordinator(seconds: Double.random(in: 0.05...1, using: &random))
            case ..<110:
                return .cutNetwork
            default:
                return .holdNetwork(seconds: Double.random(in: 0.05...1, using: &random))
            }
        }
        var events: [(Double, Event)] = []
        while events.count < count {
            guard let event = event() else { continue }
            events.append((Double.random(in: 0.02...0.5, using: &random), event))
        }
        self.events = events
    }
}

/// - Source: Steele, Lea and Flood (2014), "Fast Splittable Pseudorandom Number Generators".
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
