// SPDX-License-Identifier: Apache-2.0
//
// The names are those of Keras's `image_dataset_from_directory` and `ImageDataGenerator`.

import Configuration

extension DatasetConfiguration {
    /// Reads the map. The caller ends with `fields.finish()`.
    public init(fields: inout Fields) throws(ConfigError) {
        let format: Format = try fields.choice("format")
        let path = try fields.string("path", default: format.defaultPath)
        var size = format.imageSize
        var colorMode = format.colorMode
        if !size.isEmpty {
            let pair = try fields.pair("target_size", default: (size[0], size[1]), in: 1...8192)
            size = [pair.0, pair.1]
            colorMode = try fields.choice("color_mode", default: colorMode)
        }
        if format.classCount != nil {
            try Self.check("target_size", size, is: format.imageSize, format, fields)
            let rawValue = format.colorMode.rawValue
            try Self.check("color_mode", colorMode.rawValue, is: rawValue, format, fields)
        }
        let standard = DatasetConfiguration(format: format)
        let validation: Validation = try fields.choice("validation", default: standard.validation)
        let split = try fields.double(
            "validation_split", default: standard.validationSplit, in: 0...0.95)
        let isFiles = format.isFiles
        let fitting = isFiles ? try Fitting(fields: &fields) : Fitting()
        let classes = isFiles || format == .npy ? try fields.names("classes") : []
        let classMode =
            isFiles ? try fields.choice("class_mode", default: .sparse) : ClassMode.sparse
        guard classMode != .raw || (format == .table && classes.isEmpty) else {
            throw ConfigError(
                code: .outOfRange, path: "\(fields.path).class_mode", line: fields.line,
                detail: "is raw, for numbers of a table, but "
                    + (format == .table
                        ? "there are classes; leave the classes out"
                        : "the format is \(format.rawValue); use format: table"))
        }
        let badFiles = isFiles ? try fields.choice("bad_files", default: .stop) : BadFiles.stop
        let maxSampleBytes =
            isFiles
            ? try fields.int(
                "max_sample_bytes", default: Self.usualSampleBytes, in: 1...ImageFile.mostBytes)
            : Self.usualSampleBytes
        let cache = isFiles ? try fields.choice("cache", default: .disabled) : Cache.disabled
        let cacheLimit =
            cache == .memory
            ? try fields.int(
                "cache_limit_mb", default: Self.usualCacheLimit >> 20, in: 1...1 << 30) << 20
            : Self.usualCacheLimit
        let table = format == .table ? try Table(fields: &fields, classMode) : Table()
        let sampleWeight =
            format == .npy ? try fields.bool("sample_weight", default: false) : false
        let augmentation = try Augmentation(
            fields.value("augmentation"),
            path: fields.path.isEmpty ? "augmentation" : "\(fields.path).augmentation",
            colorMode: colorMode)
        let preprocessing = try Preprocessing(
            fields.value("preprocessing"),
            path: fields.path.isEmpty ? "preprocessing" : "\(fields.path).preprocessing")
        self.init(
            format: format, path: path, targetSize: size, colorMode: colorMode,
            validation: validation, validationSplit: split, augmentation: augmentation,
            preprocessing: preprocessing, fitting: fitting, classes: classes, classMode: classMode,
            badFiles: badFiles, maxSampleBytes: maxSampleBytes,
            cache: cache, cacheLimit: cacheLimit, table: table)
        self.sampleWeight = sampleWeight
    }

    /// Every field, so that what is written reads back as the same value.
    public func encoded() -> ConfigValue {
        var entries: [ConfigValue.Entry] = [.init("format", .scalar(format.rawValue))]
        if format != .shapes { entries.append(.init("path", .scalar(path))) }
        if format == .table { entries += table.encoded() }
        if !classes.isEmpty {
            entries.append(.init("classes", .list(classes.map { .scalar($0) })))
        }
        if format.isFiles {
            entries.append(.init("class_mode", .scalar(classMode.rawValue)))
            if badFiles != .stop { entries.append(.init("bad_files", .scalar(badFiles.rawValue))) }
            entries.append(.init("max_sample_bytes", .scalar(maxSampleBytes)))
            if cache != .disabled { entries.append(.init("cache", .scalar(cache.rawValue))) }
            if cache == .memory {
                entries.append(.init("cache_limit_mb", .scalar(cacheLimit >> 20)))
            }
            entries += fitting.encoded()
        }
        if sampleWeight { entries.append(.init("sample_weight", .scalar(true))) }
        if imageShape != nil {
            entries += [
                .init("target_size", .list(targetSize.map { .scalar($0) })),
                .init("color_mode", .scalar(colorMode.rawValue)),
            ]
        }
        entries += [
            .init("validation", .scalar(validation.rawValue)),
            .init("validation_split", .scalar(validationSplit)),
            .init("augmentation", augmentation.encoded()),
        ]
        if preprocessing != .init() {
            entries.append(.init("preprocessing", preprocessing.encoded()))
        }
        return .map(entries)
    }

    /// Of a built-in set the size and the colours may be said again, but not changed.
    private static func check<Value: Equatable>(
        _ name: String, _ found: Value, is expected: Value, _ format: Format, _ fields: Fields
    ) throws(ConfigError) {
        guard found != expected else { return }
        throw ConfigError(
            code: .outOfRange, path: fields.path.isEmpty ? name : "\(fields.path).\(name)",
            line: fields.line,
            detail: "found \(found), but \(format.rawValue) is always \(expected);"
                + " leave the field out, or use format: folder")
    }
}
