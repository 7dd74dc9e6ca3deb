// SPDX-License-Identifier: Apache-2.0
#include "policy/config/config_files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace postern {

namespace {

class OpenFile {
  public:
    // Not blocking: opening a pipe that nobody writes to would hang the check.
    explicit OpenFile(const std::string& path)
        : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~OpenFile() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

tl::unexpected<std::string> system_error(const char* what) {
    return tl::unexpected<std::string>(std::string(what) + ": " +
                                       std::generic_category().message(errno));
}

// Reads to the end, wherever that is: the file may change while it is read.
tl::expected<std::string, std::string> read_all(int descriptor, std::size_t size_expected) {
    std::string text(size_expected + 1, '\0');
    std::size_t filled = 0;
    while (true) {
        const ssize_t count = read(descriptor, text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error("cannot be read");
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
        if (filled > config_file_size_max)
            return tl::unexpected<std::string>("grows while it is read");
        if (filled == text.size()) text.resize(2 * filled);
    }
    text.resize(filled);
    return text;
}

bool same_file(const std::string& a, const std::string& b) {
    std::error_code error;
    return std::filesystem::equivalent(a, b, error) && !error;
}

}  // namespace

tl::expected<std::string, std::string> read_config_file(const std::string& path) {
    const OpenFile file(path);
    if (file.descriptor() < 0) return system_error("cannot be opened");
    struct stat status {};
    if (fstat(file.descriptor(), &status) != 0) return system_error("cannot be examined");
    if (!S_ISREG(status.st_mode)) return tl::unexpected<std::string>("is not a regular file");
    const std::size_t size = static_cast<std::size_t>(status.st_size);
    if (size > config_file_size_max) {
        return tl::unexpected<std::string>("is larger than 256 MiB, which no configuration is");
    }
    tl::expected<std::string, std::string> text = read_all(file.descriptor(), size);
    if (text && text->empty()) return tl::unexpected<std::string>("is empty");
    return text;
}

std::vector<std::string> matching_files(const std::string& pattern, const std::string& beside) {
    const std::string rooted = (std::filesystem::path(beside).parent_path() / pattern).string();
    glob_t found{};
    std::vector<std::string> files;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread at a time reads a configuration.
    if (glob(rooted.c_str(), GLOB_NOMAGIC, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    }
    globfree(&found);
    files.erase(std::remove_if(files.begin(), files.end(),
                               [&](const std::string& file) { return same_file(file, beside); }),
                files.end());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace postern
