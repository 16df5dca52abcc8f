// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct LaunchRankTests {
    /// As the launchers set them; the values were read off Open MPI 4.1 and Slurm 22.05.
    @Test func everyLaunchersVariablesAreRead() throws {
        let mpi = try #require(
            LaunchRank([
                "OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "8",
                "OMPI_COMM_WORLD_LOCAL_SIZE": "4", "PMIX_NAMESPACE": "4218552321", "PMIX_RANK": "3",
            ]))
        #expect(
            mpi
                == LaunchRank(
                    launcher: "Open MPI", rank: 3, size: 8, localSize: 4, launch: "4218552321"))
        #expect(!mpi.isOnOneMachine)
        let mpich = LaunchRank(["PMI_RANK": "0", "PMI_SIZE": "2", "MPI_LOCALNRANKS": "2"])
        #expect(mpich == LaunchRank(launcher: "MPICH", rank: 0, size: 2, localSize: 2))
        #expect(mpich?.isOnOneMachine == true)
        let slurm = LaunchRank([
            "SLURM_PROCID": "1", "SLURM_NTASKS": "3", "SLURM_STEP_NUM_TASKS": "3",
            "SLURM_STEP_NUM_NODES": "3", "SLURM_NNODES": "3", "SLURM_STEP_ID": "0",
            "SLURM_JOB_ID": "42", "SLURM_RESTART_COUNT": "1", "SLURM_CPUS_PER_TASK": "2",
            "PMI_RANK": "1",
        ])
        #expect(
            slurm == LaunchRank(launcher: "Slurm", rank: 1, size: 3, launch: "42.0.1", cores: 2))
        #expect(
            LaunchRank(["JOB_COMPLETION_INDEX": "5"]) == LaunchRank(launcher: "Kubernetes", rank: 5)
        )
        #expect(
            LaunchRank([
                "RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2",
                "TORCHELASTIC_RUN_ID": "none",
            ]) == LaunchRank(launcher: "torchrun", rank: 1, size: 4, localSize: 2, launch: "none"))
        #expect(LaunchRank(["CONVOY_RANK": "7", "RANK": "1", "WORLD_SIZE": "2"])?.rank == 7)
    }

    /// An `mpirun` in a batch job: the script's own variables are there, too, the same for all.
    @Test func aBatchScriptIsNoRank() {
        let batch = ["SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "42"]
        #expect(LaunchRank(batch) == nil)
        let inside = batch.merging(["OMPI_COMM_WORLD_RANK": "2"]) { $1 }
        #expect(LaunchRank(inside)?.rank == 2)
        #expect(LaunchRank(["RANK": "3"]) == nil)  // Said of many things.
        #expect(LaunchRank(["OMPI_COMM_WORLD_RANK": "-1"]) == nil)
    }

    @Test func coresAreSharedUnlessTheLauncherHasDoneSo() {
        var place = LaunchRank(launcher: "Open MPI", rank: 0, size: 4, localSize: 4)
        #expect(place.threads(available: 16, all: 16) == 4)
        #expect(place.threads(available: 2, all: 16) == 2)  // bound
        #expect(place.threads(available: 2, all: 2) == 1)
        place.cores = 3
        #expect(place.threads(available: 16, all: 16) == 3)
    }
}
