// SPDX-License-Identifier: Apache-2.0
@main struct Convoy { static func main() {} }
