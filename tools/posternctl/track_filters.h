// SPDX-License-Identifier: Apache-2.0
//
// The options by which decisions are searched for, and the daemon's answers to them, page by page.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace postern::ctl {

class TrackFilters {
  public:
    void add_to(CLI::App& command);

    // Gives the decisions to `visit`, the newest first, at most `limit` of them; 0: all.  Returns
    // the id of the newest decision there is; the error is a sentence.
    using Visit = std::function<void(const nlohmann::ordered_json& decision)>;
    tl::expected<std::string, std::string> newest(const std::string& socket, std::size_t limit,
                                                  const Visit& visit) const;
    // Those that came after `last`, the oldest first; returns the id of the newest again.
    tl::expected<std::string, std::string> after(const std::string& socket, const std::string& last,
                                                 const Visit& visit) const;

  private:
    using Arguments = std::vector<std::pair<std::string, std::string>>;
    Arguments arguments() const;

    std::vector<std::string> client_, from_, to_, action_, reason_, policy_, list_, id_;
    std::string since_, until_;
    bool rejected_ = false;
};

// One page; the arguments are put into the URL as they are.
tl::expected<nlohmann::ordered_json, std::string> track_page(
    const std::string& socket, const std::vector<std::pair<std::string, std::string>>& arguments);

}  // namespace postern::ctl
