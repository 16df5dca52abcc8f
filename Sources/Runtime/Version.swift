// SPDX-License-Identifier: Apache-2.0

/// Version of the program; `convoy --version` and the workers' hello say it.
public let convoyVersion = "0.1.0"
