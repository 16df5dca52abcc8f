// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Foundation
import Jobs

/// Which job: a file or a built-in one, changed by flags.
struct JobOptions: ParsableArguments {
    @Argument(
        help: "The job, a YAML file; without it a built-in job is taken.",
        completion: .file(extensions: ["yaml", "yml"]))
    var job: String?

    @Option(
        help: ArgumentHelp(
            "Take the built-in job for this data set.", valueName: "name"))
    var dataset: DatasetConfiguration.Format?

    @Option(
        help: "Where the data is; short for --set dataset.path=DIRECTORY.", completion: .directory)
    var data: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Change a field of the job, for example training.epochs=3. May be given many times.",
            valueName: "field=value"))
    var overrides: [String] = []

    func validate() throws {
        if let job, let dataset {
            throw ValidationError(
                "--dataset \(dataset.rawValue) chooses a built-in job, but \(job) is a job already; "
                    + "use one of them, or --set dataset.format=\(dataset.rawValue)")
        }
        if let dataset, dataset.classCount == nil {
            throw ValidationError(
                "a \(dataset.rawValue) of images has no built-in job, since it does not say how large "
                    + "they are; write a job file with dataset.format: \(dataset.rawValue)")
        }
    }

    /// - Parameter requiringData: False lets the data's place be unknown, for what reads none.
    func load(requiringData: Bool = true) throws -> Job {
        var overrides = overrides
        if let data {
            overrides.insert("dataset.path=\(Self.absolute(data))", at: 0)
        } else if job == nil, let dataset, dataset.defaultPath == nil,
            !overrides.contains(where: { $0.hasPrefix("dataset") })
        {
            guard !requiringData else {
                throw ValidationError(
                    "--dataset \(dataset.rawValue) needs its files; say where they are with "
                        + "--data DIRECTORY")
            }
            overrides.insert("dataset.path=data", at: 0)
        }
        guard let job else {
            return try Job.builtIn(dataset: dataset ?? Job.builtInFormat, overrides: overrides)
        }
        return try Job.parse(yaml: try Self.text(of: job), overrides: overrides, file: job)
    }

    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }

    private static func text(of path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch CocoaError.fileReadNoSuchFile {
            throw JobError(
                file: path, origin: .line(0),
                detail: "no such file; give a job file, or none for the built-in job")
        } catch {
            throw JobError(
                file: path, origin: .line(0),
                detail: "cannot be read as text: \(error.localizedDescription)")
        }
    }
}

extension DatasetConfiguration.Format: ExpressibleByArgument {
    /// Those that help and completion offer.
    public static var allValueStrings: [String] { Job.builtInFormats.map(\.rawValue) }
}
