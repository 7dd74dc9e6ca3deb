// SPDX-License-Identifier: Apache-2.0
//
// The working memory of one decision.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>

namespace postern::policy {

// A buffer on the stack, enough for a usual message with a few recipients, and the heap beyond it.
class Workspace {
  public:
    Workspace() : resource_(buffer_.data(), buffer_.size()) {}
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    std::pmr::memory_resource* memory() { return &resource_; }

  private:
    std::array<std::byte, 8192> buffer_;  // not initialised: most of it is never touched
    std::pmr::monotonic_buffer_resource resource_;
};

}  // namespace postern::policy
