// SPDX-License-Identifier: Apache-2.0
//
// Text as bytes and back.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace postern::io {

inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

inline std::string as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace postern::io
