// SPDX-License-Identifier: Apache-2.0
//
// The clock of the day is set while a run goes on.

import Foundation
import Testing

@Suite(.serialized) struct ClockTests {
    /// Stands before the C library of a process: its clock of the day is fast by as many hours as a file has
    /// bytes. All else it asks the kernel.
    private static let source = """
        #define _GNU_SOURCE
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static time_t fast(void) {
            struct stat file;
            const char *path = getenv("CLOCK_IS_FAST");
            return path && stat(path, &file) == 0 ? 3600 * file.st_size : 0;
        }
        int clock_gettime(clockid_t clock, struct timespec *now) {
            int result = syscall(SYS_clock_gettime, clock, now);
            if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += fast();
            return result;
        }
        int gettimeofday(struct timeval *now, void *zone) {
            int result = syscall(SYS_gettimeofday, now, zone);
            now->tv_sec += fast();
            return result;
        }
        time_t time(time_t *now) {
            struct timespec t;
            clock_gettime(CLOCK_REALTIME, &t);
            if (now) *now = t.tv_sec;
            return t.tv_sec;
        }
        """

    /// A year on, and back again: with heartbeats of half a second.
    @Test func settingTheClockChangesNothing() throws {
        let run = try DisturbedRun(job: FactoredTests.job)
        let expected = try run.undisturbed()
        let library = run.path + "/clock.so", hours = run.path + "/hours"
        try Self.source.write(toFile: library + ".c", atomically: true, encoding: .utf8)
        let compiled = try Shell.run(
            #""$(dirname "$(readlink -f "$(command -v swift)")")/clang" -shared -fPIC -O1 "#
                + "'\(library).c' -o '\(library)'")
        #expect(compiled.status == 0, "\(compiled.text)")
        try Data().write(to: URL(filePath: hours))

        let program = try ConvoyProgram(
            [
                "train", run.path + "/job.yaml", "--workers", "2", "--quiet",
                "--output", run.path + "/run", "--log-json", run.log.path,
            ], in: run.path, variables: ["LD_PRELOAD": library, "CLOCK_IS_FAST": hours])
        for (step, jump) in [(10, 8760), (45, 0)] {
            #expect(wait(within: 60) { run.log.lastTrainingStep >= step }, "\(program.text)")
            try Data(count: jump).write(to: URL(filePath: hours))
        }
        #expect(program.status() == 0, "\(program.text)")

        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        #expect(run.log.events("worker_lost").isEmpty)
        // The end of the first epoch was a year later than the end of the second.
        let dates = try String(contentsOfFile: run.path + "/run/run.log", encoding: .utf8)
            .split(separator: "\n").filter { $0.contains(" epoch ") }.map { $0.prefix(10) }
        #expect(dates.count == 2 && dates[0] > dates[1], "\(dates)")
    }
}
