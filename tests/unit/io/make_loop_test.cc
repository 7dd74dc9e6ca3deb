// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/make_loop.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
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

// From here on, `call` fails with `error` in this process: what a container does, or a kernel that
// is short of something.
void deny(long call, int error) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = std::size(code), .filter = code};
    const bool denied = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    if (!denied) std::exit(2);
}

// Ends the process: 0 when a loop on epoll was made and the report has `reason`.
void fall_back(long call, int error, std::string_view reason) {
    deny(call, error);
    std::string report;
    const auto loop = make_loop(IoChoice::automatic, report);
    const bool on_epoll = loop != nullptr && std::string_view(loop->name()) == "epoll";
    std::exit(on_epoll && report.find(reason) != report.npos ? 0 : 1);
}

TEST(MakeLoop, WhereTheKernelRefusesIoUringEpollIsTakenAndTheReportSaysWhy) {
    struct Case {
        long call;
        int error;
        const char* reason;
    };
    const Case cases[] = {
        {SYS_io_uring_setup, EPERM, "io_uring: kernel refused it (EPERM"},
        {SYS_io_uring_setup, ENOSYS, "io_uring: kernel has none (ENOSYS"},
        {SYS_io_uring_setup, ENOMEM, "(ENOMEM: raise the locked-memory limit, ulimit -l)"},
        {SYS_io_uring_setup, EINVAL, "io_uring: kernel is too old (EINVAL"},
        {SYS_io_uring_register, EPERM, "; using epoll"},
    };
    for (const Case& refused : cases) {
        EXPECT_EXIT(fall_back(refused.call, refused.error, refused.reason),
                    testing::ExitedWithCode(0), "")
            << refused.reason;
    }
}

TEST(MakeLoop, IoUringThatWasAskedForByNameAndIsRefusedIsNoLoop) {
    EXPECT_EXIT(
        {
            deny(SYS_io_uring_setup, EPERM);
            std::string report;
            const bool none = make_loop(IoChoice::uring, report) == nullptr;
            std::exit(none && !report.empty() ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
}

}  // namespace

}  // namespace postern::io
