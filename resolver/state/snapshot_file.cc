// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/snapshot_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

namespace postern::state {

namespace {

// Blocks that are read or written with one system call.
constexpr std::size_t piece_blocks = 64;
using Piece = std::vector<cache::SnapshotBlock>;

class File {
  public:
    File(const char* path, int flags) : descriptor_(::open(path, flags | O_CLOEXEC, 0640)) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    bool is_open() const { return descriptor_ >= 0; }
    bool sync() { return ::fsync(descriptor_) == 0; }

    // False with errno when not all could be written.
    bool write(std::span<const std::byte> data) {
        while (!data.empty()) {
            const ssize_t written = ::write(descriptor_, data.data(), data.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return false;
            data = data.subspan(static_cast<std::size_t>(written));
        }
        return true;
    }

    // How much was there, up to the size of `data`; negative with errno when it cannot be read.
    ssize_t read(std::span<std::byte> data) {
        std::size_t filled = 0;
        while (filled < data.size()) {
            const ssize_t got = ::read(descriptor_, data.data() + filled, data.size() - filled);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return got;
            if (got == 0) break;
            filled += static_cast<std::size_t>(got);
        }
        return static_cast<ssize_t>(filled);
    }

  private:
    int descriptor_;
};

tl::unexpected<std::string> system_error(const char* what) {
    return tl::unexpected(std::string(what) + ": " + std::generic_category().message(errno));
}

bool write_blocks(File& file, cache::SnapshotWriter& snapshot, std::uint64_t& blocks) {
    Piece piece(piece_blocks);
    while (true) {
        std::size_t filled = 0;
        while (filled < piece.size() && snapshot.next(piece[filled])) ++filled;
        if (!file.write(std::as_bytes(std::span(piece).first(filled)))) return false;
        blocks += filled;
        if (filled < piece.size()) return true;
    }
}

// So that the new name is there after a power failure.  Where the folder cannot be opened, the name
// is as safe as the file system makes it.
void sync_folder_of(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    File file(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY);
    if (file.is_open()) file.sync();
}

}  // namespace

tl::expected<std::uint64_t, std::string> write_snapshot(const std::string& path,
                                                        cache::SnapshotWriter& snapshot) {
    const std::string beside = path + ".new";
    File file(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return system_error("cannot be made");
    std::uint64_t blocks = 0;
    if (!write_blocks(file, snapshot, blocks) || !file.sync()) {
        const auto error = system_error("cannot be written");
        ::unlink(beside.c_str());
        return error;
    }
    if (std::rename(beside.c_str(), path.c_str()) != 0) return system_error("cannot be renamed");
    sync_folder_of(path);
    return blocks;
}

tl::expected<SnapshotFound, std::string> read_snapshot(const std::string& path,
                                                       cache::SnapshotReader& snapshot) {
    SnapshotFound found;
    File file(path.c_str(), O_RDONLY);
    if (!file.is_open() && errno == ENOENT) return found;
    if (!file.is_open()) return system_error("cannot be opened");

    Piece piece(piece_blocks);
    while (true) {
        const ssize_t got = file.read(std::as_writable_bytes(std::span(piece)));
        if (got < 0) return system_error("cannot be read");
        const auto size = static_cast<std::size_t>(got);
        const std::size_t whole = size / sizeof(cache::SnapshotBlock);
        for (const cache::SnapshotBlock& block : std::span(piece).first(whole)) {
            if (!snapshot.add(block)) ++found.damaged;
        }
        found.blocks += whole;
        if (size % sizeof(cache::SnapshotBlock) != 0) {
            ++found.blocks;
            ++found.damaged;
        }
        if (whole < piece.size()) break;
    }
    found.opinions = snapshot.opinions();
    return found;
}

}  // namespace postern::state
