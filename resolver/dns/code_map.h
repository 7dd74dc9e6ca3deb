// SPDX-License-Identifier: Apache-2.0
//
// What the A records of one list mean.
//
// Only a record that the configuration maps counts: a list that changes its meaning, dies, or whose
// domain is parked must not turn into rejected mail.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postern::dns {

// Addresses first..last, host order.
struct CodeRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;

    bool operator==(const CodeRange&) const = default;
};

// One entry of a code map: "127.0.0.2", "127.0.0.2-127.0.0.11", "127.255.255.0/24", or with a range
// in any octet, "127.0.2-9.1-3".  Null when it is none of these, or not inside 127.0.0.0/8.
std::optional<std::vector<CodeRange>> parse_codes(std::string_view text);

class CodeMap {
  public:
    enum class Meaning : std::uint8_t {
        listed,
        refused,   // the list says that it will not serve us
        other,     // a list's code that is not mapped: an answer, but not a listing
        nonsense,  // no list's code at all: outside 127.0.0.0/8, 127.0.0.0, 127.0.0.1,
                   // 127.255.255.x
    };

    void add_listed(const std::vector<CodeRange>& codes);
    void add_refused(const std::vector<CodeRange>& codes);
    Meaning meaning_of(std::uint32_t address) const;

    bool operator==(const CodeMap&) const = default;

  private:
    std::vector<CodeRange> listed_;
    std::vector<CodeRange> refused_;
};

}  // namespace postern::dns
