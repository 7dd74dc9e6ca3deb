// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/unix_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

namespace postern::service {
namespace {

namespace fs = std::filesystem;

class UnixSocketTest : public testing::Test {
  protected:
    UnixSocketTest() {
        std::string name = (fs::temp_directory_path() / "postern-socket-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        path = folder / "gateway.sock";
    }
    ~UnixSocketTest() override { fs::remove_all(folder); }

    tl::expected<UnixSocket, std::string> open() {
        return UnixSocket::open({.path = path.string()});
    }

    // Whether a client gets through to a listener.
    bool answers() const {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        const int result = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::close(fd);
        return result == 0;
    }

    fs::path folder;
    fs::path path;
};

TEST_F(UnixSocketTest, ListensWithTheModeAskedForAndGoesAwayAtTheEnd) {
    {
        const auto socket = UnixSocket::open({.path = path.string(), .mode = 0620});
        ASSERT_TRUE(socket) << socket.error();
        EXPECT_TRUE(answers());
        EXPECT_EQ(fs::status(path).permissions(), fs::perms(0620));
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(UnixSocketTest, LeavesTheUmaskAlone) {
    const mode_t before = ::umask(027);
    const auto socket = open();
    EXPECT_EQ(::umask(before), 027U);
}

TEST_F(UnixSocketTest, OneThatNobodyAnswersOnIsReplaced) {
    {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::close(fd);
    }
    ASSERT_TRUE(fs::is_socket(path));
    const auto socket = open();
    ASSERT_TRUE(socket) << socket.error();
    EXPECT_TRUE(answers());
}

TEST_F(UnixSocketTest, OneThatSomebodyAnswersOnIsLeftToThem) {
    const auto first = open();
    ASSERT_TRUE(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), "socket " + path.string() + ": another process is answering on it");
    EXPECT_TRUE(answers());
}

TEST_F(UnixSocketTest, AFileThatIsNoSocketIsLeftAlone) {
    std::ofstream(path) << "precious";
    const auto socket = open();
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error(), "socket " + path.string() + ": exists and is not a socket");
    EXPECT_TRUE(fs::is_regular_file(path));
}

TEST_F(UnixSocketTest, OnlyItsOwnFileIsRemovedAtTheEnd) {
    std::optional<UnixSocket> first = std::move(open().value());
    fs::rename(path, folder / "aside");
    const auto second = open();
    ASSERT_TRUE(second) << second.error();
    first.reset();
    EXPECT_TRUE(fs::exists(path));
    EXPECT_TRUE(answers());
}

TEST_F(UnixSocketTest, ADuplicateKeepsListening) {
    const auto socket = open();
    ASSERT_TRUE(socket);
    const int fd = socket->duplicate();
    ASSERT_GE(fd, 0);
    int listening = 0;
    socklen_t size = sizeof listening;
    EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size), 0);
    EXPECT_EQ(listening, 1);
    EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ::close(fd);
}

TEST_F(UnixSocketTest, ErrorsSayWhatToChange) {
    const std::string long_path = "/tmp/" + std::string(103, 'x');
    const std::string nowhere = (folder / "missing" / "gateway.sock").string();
    struct Case {
        UnixSocket::Options options;
        std::string error;
    };
    const Case cases[] = {
        {{.path = ""}, "socket : the path is empty"},
        {{.path = long_path},
         "socket " + long_path + ": the path is 108 bytes long; Unix sockets allow 107"},
        {{.path = nowhere},
         "socket " + nowhere + ": the folder " + (folder / "missing").string() + " does not exist"},
        {{.path = path.string(), .group = "no-such-group"},
         "socket " + path.string() + ": there is no group \"no-such-group\""},
    };
    for (const Case& c : cases) {
        const auto socket = UnixSocket::open(c.options);
        ASSERT_FALSE(socket) << c.error;
        EXPECT_EQ(socket.error(), c.error);
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(UnixSocketTest, TheLongestPathWorks) {
    path = folder / std::string(107 - folder.string().size() - 1, 'x');
    const auto socket = open();
    ASSERT_TRUE(socket) << socket.error();
    EXPECT_TRUE(answers());
}

}  // namespace
}  // namespace postern::service
