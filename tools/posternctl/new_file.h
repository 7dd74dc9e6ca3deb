// SPDX-License-Identifier: Apache-2.0
//
// A file that is not there until it is complete: written under a hidden name, then renamed.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace postern::ctl {

class NewFile {
  public:
    // Writes `text` into a temporary file of the folder that exists, down to the disk.
    static tl::expected<NewFile, std::string> write(const std::string& folder,
                                                    const std::string& text);
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();  // removes the file unless it was published

    // A name that no pattern like "*.toml" matches.
    const std::string& path() const { return path_; }
    // Gives the file its name, in the same folder; never in place of another.
    tl::expected<void, std::string> publish(const std::string& path);

  private:
    explicit NewFile(std::string path) : path_(std::move(path)) {}
    std::string path_;  // empty: nothing to remove
};

}  // namespace postern::ctl
