// SPDX-License-Identifier: Apache-2.0
//
// Something that all connections have a fixed amount of together, and that none may use up.
//
// Each may have as much as is left over (dynamic thresholds: Choudhury and Hahne, 1998).  A lone
// one that wants everything gets half, each of n such gets one part in n + 1, and one part always
// stays for whoever comes next.  Nobody has to be asked to give anything back.
#pragma once

#include <cstddef>

namespace postern::service {

class FairPool {
  public:
    explicit FairPool(std::size_t size) : size_(size) {}

    void take(std::size_t amount) { used_ += amount; }
    void give_back(std::size_t amount) { used_ -= amount; }

    std::size_t size() const { return size_; }
    // Also the most that one connection may have now.
    std::size_t left() const { return used_ < size_ ? size_ - used_ : 0; }

  private:
    std::size_t size_;
    std::size_t used_ = 0;
};

}  // namespace postern::service
