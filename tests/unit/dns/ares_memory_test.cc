// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/ares_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace postern::dns::ares_memory {
namespace {

TEST(AresMemory, PiecesAreApartAlignedAndAsLargeAsAskedFor) {
    std::vector<unsigned char*> pieces;
    for (std::size_t size = 0; size < 3000; size += 7) {
        auto* const piece = static_cast<unsigned char*>(allocate(size));
        ASSERT_NE(piece, nullptr);
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(piece) % alignof(std::max_align_t), 0U) << size;
        std::memset(piece, static_cast<int>(pieces.size() % 256), size);
        pieces.push_back(piece);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        for (std::size_t at = 0; at < 7 * i; ++at) ASSERT_EQ(pieces[i][at], i % 256) << i;
        release(pieces[i]);
    }
}

#ifndef __SANITIZE_ADDRESS__
TEST(AresMemory, WhatComesBackIsGivenAgainForASizeLikeIt) {
    void* const first = allocate(100);
    void* const second = allocate(100);
    release(first);
    release(second);
    const std::set<void*> again{allocate(128), allocate(65)};
    EXPECT_EQ(again, (std::set<void*>{first, second}));
    void* const other = allocate(129);
    EXPECT_EQ(again.count(other), 0U) << "of another size";
    release(other);
    for (void* const piece : again) release(piece);
}
#endif

TEST(AresMemory, GrowingKeepsWhatIsThere) {
    auto* piece = static_cast<char*>(reallocate(nullptr, 5));
    std::memcpy(piece, "abcd", 5);
    for (std::size_t size = 10; size < 5000; size *= 2) {
        piece = static_cast<char*>(reallocate(piece, size));
        ASSERT_STREQ(piece, "abcd") << size;
    }
    release(piece);
    release(nullptr);
}

TEST(AresMemory, APieceMayComeBackInAnotherThread) {
    void* const here = allocate(200);
    std::thread([here] {
        release(allocate(200));
        release(here);
    }).join();
}

}  // namespace
}  // namespace postern::dns::ares_memory
