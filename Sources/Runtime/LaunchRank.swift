// SPDX-License-Identifier: Apache-2.0
//
// Which of many equal processes this one is, as launchers say it in the environment.

/// A process's place among those that one launcher has started.
public struct LaunchRank: Sendable, Equatable {
    /// Who says so.
    public var launcher: String
    /// From 0.
    public var rank: Int
    /// All processes; nil where the launcher does not say.
    public var size: Int?
    /// Those on this machine.
    public var localSize: Int?
    /// Tells one launch from the next; empty where the launcher does not.
    public var launch: String
    /// Cores that the launcher has set aside for this process alone.
    public var cores: Int?

    public init(
        launcher: String, rank: Int, size: Int? = nil, localSize: Int? = nil, launch: String = "",
        cores: Int? = nil
    ) {
        self.launcher = launcher
        self.rank = rank
        self.size = size
        self.localSize = localSize
        self.launch = launch
        self.cores = cores
    }

    /// All processes are on this machine.
    public var isOnOneMachine: Bool { size != nil && size == localSize }

    /// Reads the variables of Open MPI, of MPICH and its kin (PMI), of Slurm, of Kubernetes' Indexed Jobs and of
    /// torchrun. Those of this program come first. MPI comes before Slurm: an `mpirun` within a Slurm
    /// job inherits the batch script's variables, which are the same for all of its processes.
    public init?(_ environment: [String: String]) {
        func number(_ names: String...) -> Int? {
            names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first { $0 >= 0 }
        }
        if let rank = number("CONVOY_RANK") {
            self.init(
                launcher: "CONVOY_RANK", rank: rank, size: number("CONVOY_SIZE"),
                localSize: number("CONVOY_LOCAL_SIZE"), launch: environment["CONVOY_LAUNCH"] ?? "")
        } else if let rank = number("OMPI_COMM_WORLD_RANK") {
            self.init(
                launcher: "Open MPI", rank: rank, size: number("OMPI_COMM_WORLD_SIZE"),
                localSize: number("OMPI_COMM_WORLD_LOCAL_SIZE"),
                launch: environment["PMIX_NAMESPACE"] ?? environment["OMPI_MCA_ess_base_jobid"]
                    ?? "")
        } else if let rank = number("PMI_RANK", "PMIX_RANK"), environment["SLURM_PROCID"] == nil {
            self.init(
                launcher: "MPICH", rank: rank, size: number("PMI_SIZE"),
                localSize: number("MPI_LOCALNRANKS"), launch: environment["PMIX_NAMESPACE"] ?? "")
        } else if let rank = number("SLURM_PROCID"),
            let step = number("SLURM_STEP_ID", "SLURM_STEPID")
        {
            let job = environment["SLURM_JOB_ID"] ?? environment["SLURM_JOBID"] ?? ""
            let size = number("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
            self.init(
                launcher: "Slurm", rank: rank, size: size,
                localSize: number("SLURM_STEP_NUM_NODES", "SLURM_NNODES") == 1 ? size : nil,
                launch: "\(job).\(step).\(number("SLURM_RESTART_COUNT") ?? 0)",
                cores: number("SLURM_CPUS_PER_TASK"))
        } else if let rank = number("JOB_COMPLETION_INDEX") {
            self.init(launcher: "Kubernetes", rank: rank)
        } else if let rank = number("RANK"), let size = number("WORLD_SIZE") {
            self.init(
                launcher: "torchrun", rank: rank, size: size, localSize: number("LOCAL_WORLD_SIZE"),
                launch: environment["TORCHELASTIC_RUN_ID"] ?? "")
        } else {
            return nil
        }
    }

    /// Threads of this process: the cores that it has for itself, or its share of this machine's.
    ///
    /// - Parameters:
    ///   - available: Cores that this process may use.
    ///   - all: Of the machine.
    public func threads(available: Int, all: Int) -> Int {
        if let cores { return min(max(1, cores), 256) }
        // Whoever has bound its processes to cores has shared them out already.
        guard available == all, let localSize, localSize > 0 else { return min(available, 256) }
        return min(256, max(1, all / localSize))
    }
}
