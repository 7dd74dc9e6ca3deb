// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace postern::service {

namespace {

tl::unexpected<std::string> failure(const std::string& path, const std::string& what) {
    return tl::unexpected<std::string>("socket " + path + ": " + what);
}

tl::unexpected<std::string> system_failure(const std::string& path, const std::string& call) {
    return failure(path, call + ": " + std::generic_category().message(errno));
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

int new_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// 0, or the errno of trying to connect.
int connect_error(const std::string& path) {
    const int fd = new_socket();
    if (fd < 0) return errno;
    const sockaddr_un address = address_of(path);
    const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = result == 0 ? 0 : errno;
    ::close(fd);
    return error;
}

tl::expected<void, std::string> check_path(const std::string& path) {
    if (path.empty()) return failure(path, "the path is empty");
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        return failure(path, "the path is " + std::to_string(path.size()) +
                                 " bytes long; Unix sockets allow 107");
    }
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
        return failure(path, "the folder " + folder.string() + " does not exist");
    }
    return {};
}

// Removes a socket file that was left behind by a process that is gone.
tl::expected<void, std::string> clear_stale(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return system_failure(path, "stat");
    }
    if (!S_ISSOCK(found.st_mode)) return failure(path, "exists and is not a socket");

    const int error = connect_error(path);
    if (error == 0 || error == EAGAIN) return failure(path, "another process is answering on it");
    if (error != ECONNREFUSED && error != ENOENT) {
        errno = error;
        return system_failure(path, "cannot tell whether another process is answering on it");
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure(path, "unlink");
    return {};
}

std::optional<gid_t> find_group(const std::string& name) {
    std::array<char, 16384> text{};
    group entry{};
    group* found = nullptr;
    if (::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found) != 0) {
        return std::nullopt;
    }
    if (found == nullptr) return std::nullopt;
    return found->gr_gid;
}

// Nobody may connect before owner and mode are as they should be.
int bind_closed(int fd, const sockaddr_un& address) {
    const mode_t before = ::umask(0777);
    const int result = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(before);
    errno = error;
    return result;
}

}  // namespace

tl::expected<UnixSocket, std::string> UnixSocket::open(const Options& options) {
    if (const auto checked = check_path(options.path); !checked) {
        return tl::unexpected(checked.error());
    }
    if (const auto cleared = clear_stale(options.path); !cleared) {
        return tl::unexpected(cleared.error());
    }
    const int fd = new_socket();
    if (fd < 0) return system_failure(options.path, "socket");

    UnixSocket socket(fd, options.path);
    if (const auto bound = socket.bind_and_listen(options); !bound) {
        return tl::unexpected(bound.error());
    }
    return socket;
}

UnixSocket UnixSocket::adopt(int fd, std::string path) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    return UnixSocket(fd, std::move(path));
}

UnixSocket::UnixSocket(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      bound_(std::exchange(other.bound_, false)),
      device_(other.device_),
      inode_(other.inode_) {}

UnixSocket::~UnixSocket() {
    struct stat found {};
    if (bound_ && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
        found.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
    if (fd_ >= 0) ::close(fd_);
}

int UnixSocket::duplicate() const { return ::fcntl(fd_, F_DUPFD_CLOEXEC, 0); }

tl::expected<void, std::string> UnixSocket::bind_and_listen(const Options& options) {
    if (bind_closed(fd_, address_of(path_)) != 0) return system_failure(path_, "bind");
    struct stat made {};
    if (::lstat(path_.c_str(), &made) != 0) return system_failure(path_, "stat");
    bound_ = true;
    device_ = made.st_dev;
    inode_ = made.st_ino;

    if (!options.group.empty()) {
        const auto gid = find_group(options.group);
        if (!gid) return failure(path_, "there is no group \"" + options.group + "\"");
        if (::chown(path_.c_str(), static_cast<uid_t>(-1), *gid) != 0) {
            return system_failure(path_, "cannot give it to the group \"" + options.group + "\"");
        }
    }
    if (::chmod(path_.c_str(), options.mode) != 0) return system_failure(path_, "chmod");
    if (::listen(fd_, SOMAXCONN) != 0) return system_failure(path_, "listen");
    return {};
}

}  // namespace postern::service
