// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/ares_memory.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace postern::dns::ares_memory {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kept_size_max = 0;
#else
constexpr std::size_t kept_size_max = 1024;
#endif
constexpr std::size_t step = 64;  // sizes are rounded up to it
constexpr std::size_t sizes = 1 + kept_size_max / step;

// Before each piece, and as aligned as malloc's.
struct alignas(std::max_align_t) Head {
    std::size_t size = 0;  // of the piece, rounded up
    Head* next = nullptr;  // while it is kept
};

// Without a destructor: c-ares may give back when the thread's objects are gone.
struct Kept {
    std::array<Head*, sizes> first;
    bool thread_ends;
};
constinit thread_local Kept kept{};

struct GiveBack {
    ~GiveBack() {
        kept.thread_ends = true;
        for (Head*& first : kept.first) {
            while (first != nullptr) std::free(std::exchange(first, first->next));
        }
    }
};

Head* head_of(void* piece) { return static_cast<Head*>(piece) - 1; }

}  // namespace

void* allocate(std::size_t size) noexcept {
    const std::size_t rounded = (std::max<std::size_t>(size, 1) + step - 1) / step * step;
    if (rounded <= kept_size_max) {
        Head*& first = kept.first[rounded / step];
        if (first != nullptr) {
            Head* const head = std::exchange(first, first->next);
            __builtin_prefetch(first, 1);
            return head + 1;
        }
        static thread_local const GiveBack at_the_end_of_the_thread;
        (void)at_the_end_of_the_thread;
    }
    void* const memory = std::malloc(sizeof(Head) + rounded);
    return memory == nullptr ? nullptr : new (memory) Head{.size = rounded} + 1;
}

void release(void* piece) noexcept {
    if (piece == nullptr) return;
    Head* const head = head_of(piece);
    if (head->size > kept_size_max || kept.thread_ends) return std::free(head);
    Head*& first = kept.first[head->size / step];
    head->next = std::exchange(first, head);
}

void* reallocate(void* piece, std::size_t size) noexcept {
    if (piece == nullptr) return allocate(size);
    const std::size_t had = head_of(piece)->size;
    if (size <= had) return piece;
    void* const larger = allocate(size);
    if (larger == nullptr) return nullptr;
    std::memcpy(larger, piece, had);
    release(piece);
    return larger;
}

}  // namespace postern::dns::ares_memory
