// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes of memory that several threads use without a lock.
//
// Loads acquire and stores release, which costs nothing on x86: so a reader who has seen any word
// of a writer sees that writer's odd sequence number too, and no fences are needed, which
// ThreadSanitizer does not understand (Boehm, "Can seqlocks get along with programming language
// memory models?", MSPC 2012).
#pragma once

#include <atomic>

namespace postern::cache {

// Reads only; the cast is there because atomic_ref knows no other way in C++20.
template <class T>
T load(const T& word) {
    return std::atomic_ref<T>(const_cast<T&>(word)).load(std::memory_order_acquire);
}

template <class T>
void store(T& word, T value) {
    std::atomic_ref<T>(word).store(value, std::memory_order_release);
}

// For counters, which order nothing.
template <class T>
void add(T& counter, T amount) {
    std::atomic_ref<T>(counter).fetch_add(amount, std::memory_order_relaxed);
}

}  // namespace postern::cache
