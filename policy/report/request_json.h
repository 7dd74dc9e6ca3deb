// SPDX-License-Identifier: Apache-2.0
//
// Reads a request from one JSON object, the form of the gateway's JSON dialect and of recorded
// requests.
//
// Strict: a field nobody knows, a value of the wrong type and anything behind the object are errors
// that name the field; a gateway author should learn of a misspelling from the first answer.  One
// reader serves one thread and keeps its memory from one request to the next.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "policy/request.h"

namespace postern::policy {

// Longer texts are refused before they are parsed.
inline constexpr std::size_t request_json_size_max = 4U << 20;

class RequestReader {
  public:
    RequestReader();
    ~RequestReader();

    // Fills `request`, whose memory is reused.  `json` needs no padding and may go away afterwards.
    // The error reads "field `client`: …"; `request` is then unspecified, but its `id` is kept when
    // it was understood before the error, so that the answer can carry it.
    tl::expected<void, std::string> read(std::string_view json, Request& request);
    // The same, or one step of a transaction, with the fields `transaction` and `stage`.
    tl::expected<void, std::string> read_step(std::string_view json, Request& request);

  private:
    tl::expected<void, std::string> parse(std::string_view json, Request& request);

    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace postern::policy
