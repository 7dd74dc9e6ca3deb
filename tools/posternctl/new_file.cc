// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace postern::ctl {

namespace {

// What any configuration file is; the daemon may run as another user.
constexpr mode_t file_mode = 0644;

tl::unexpected<std::string> failure(const std::string& what) {
    return tl::unexpected<std::string>(what + ": " + std::generic_category().message(errno));
}

class Descriptor {
  public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    ~Descriptor() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

bool write_all(int descriptor, const std::string& text) {
    for (std::size_t written = 0; written < text.size();) {
        const ssize_t count = ::write(descriptor, text.data() + written, text.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        written += static_cast<std::size_t>(count);
    }
    return true;
}

// Without this a power cut may forget the name, though not the contents.
bool sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return descriptor.get() >= 0 && fsync(descriptor.get()) == 0;
}

}  // namespace

tl::expected<NewFile, std::string> NewFile::write(const std::string& folder,
                                                  const std::string& text) {
    std::string path = folder + "/.postern.XXXXXX";
    const Descriptor descriptor(mkostemp(path.data(), O_CLOEXEC));
    if (descriptor.get() < 0) return failure("cannot write in " + folder);
    NewFile file(path);
    if (!write_all(descriptor.get(), text) || fchmod(descriptor.get(), file_mode) != 0 ||
        fsync(descriptor.get()) != 0) {
        return failure("cannot write " + path);
    }
    return file;
}

NewFile::NewFile(NewFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

NewFile::~NewFile() {
    if (!path_.empty()) unlink(path_.c_str());
}

tl::expected<void, std::string> NewFile::publish(const std::string& path) {
    if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0)
        return failure("cannot write " + path);
    path_.clear();
    if (!sync_folder_of(path)) return failure("cannot sync the folder of " + path);
    return {};
}

}  // namespace postern::ctl
