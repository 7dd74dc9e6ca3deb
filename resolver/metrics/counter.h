// SPDX-License-Identifier: Apache-2.0
//
// A number with one writer.  Whoever reads it from another thread reads a value that is whole,
// though several of them are not of one instant.
#pragma once

#include <atomic>
#include <cstdint>

namespace postern::metrics {

class Counter {
  public:
    Counter() = default;
    // A copy is what was read.
    Counter(const Counter& other) : value_(other.value()) {}
    Counter& operator=(const Counter& other) {
        value_.store(other.value(), std::memory_order_relaxed);
        return *this;
    }

    Counter& operator+=(std::uint64_t more) {
        value_.store(value() + more, std::memory_order_relaxed);
        return *this;
    }
    void operator++() { *this += 1; }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace postern::metrics
