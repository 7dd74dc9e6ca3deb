// SPDX-License-Identifier: Apache-2.0
//
// A listening Unix socket in the file system: made with the right owner and mode, removed at the
// end.
//
// A socket file that nobody answers on any more is replaced; one that somebody answers on is not,
// nor is a file that is no socket.  Used when the daemon starts, before there is a loop.
#pragma once

#include <sys/types.h>

#include <string>

#include <tl/expected.hpp>

namespace postern::service {

class UnixSocket {
  public:
    struct Options {
        std::string path;  // at most 107 bytes (unix(7), sun_path)
        mode_t mode = 0660;
        std::string group = {};  // empty: the process's own
    };

    // The error is a whole sentence for the operator and names the path.
    static tl::expected<UnixSocket, std::string> open(const Options& options);
    // Takes over a socket that listens already.  Its file is somebody else's, and stays.
    static UnixSocket adopt(int fd, std::string path);

    // Stops listening unless duplicates are left, and removes the file if it is still this
    // socket's.
    ~UnixSocket();
    UnixSocket(UnixSocket&& other) noexcept;
    UnixSocket& operator=(UnixSocket&&) = delete;

    // A descriptor of its own for a loop; negative (errno) when the process has too many.
    int duplicate() const;
    const std::string& path() const { return path_; }

  private:
    UnixSocket(int fd, std::string path);
    tl::expected<void, std::string> bind_and_listen(const Options& options);

    int fd_;
    std::string path_;
    bool bound_ = false;  // the file with this identity is ours
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace postern::service
