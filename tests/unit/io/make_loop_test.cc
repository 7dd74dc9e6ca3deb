// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/make_loop.h"

#include <gtest/gtest.h>

#include <string_view>

namespace postern::io {

namespace {

TEST(MakeLoop, EpollIsTakenWhenAskedFor) {
    std::string report;
    const auto loop = make_loop(IoChoice::epoll, report);
    ASSERT_NE(loop, nullptr);
    EXPECT_EQ(std::string_view(loop->name()), "epoll");
    EXPECT_EQ(report, "epoll: as configured");
}

TEST(MakeLoop, AutomaticAlwaysFindsALoopAndSaysWhich) {
    std::string report;
    const auto loop = make_loop(IoChoice::automatic, report);
    ASSERT_NE(loop, nullptr);
    const bool uring = std::string_view(loop->name()) == "uring";
    EXPECT_EQ(report == "io_uring: in use", uring) << report;
    EXPECT_EQ(report.find('\n'), std::string::npos);
}

}  // namespace

}  // namespace postern::io
