// SPDX-License-Identifier: Apache-2.0
//
// The files that a configuration is read from.
//
// Whatever stands at a path - a directory, a pipe, a file of gigabytes - the outcome is its text or
// a sentence about what is wrong with it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace postern {

// A million policies fit; anything larger is not a configuration.
inline constexpr std::size_t config_file_size_max = 256U << 20;

tl::expected<std::string, std::string> read_config_file(const std::string& path);

// The files that a shell pattern names, sorted; a relative pattern starts from the folder of the
// file `beside`, which itself never counts.  A pattern without wildcards names its file even when
// there is none, so that reading it tells.
std::vector<std::string> matching_files(const std::string& pattern, const std::string& beside);

}  // namespace postern
