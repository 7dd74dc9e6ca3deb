// SPDX-License-Identifier: Apache-2.0
//
// The daemon's page of metrics, as numbers to ask for by name and labels.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace postern::ctl {

class MetricsPage {
  public:
    using Labels = std::vector<std::pair<std::string_view, std::string_view>>;
    // The error names the line that is not understood.
    static tl::expected<MetricsPage, std::string> parse(std::string_view text);

    // Of all samples that have these labels, among others; 0 when there is none.
    double sum(std::string_view name, const Labels& labels = {}) const;
    // The values of a label in the order of the page, each once.
    std::vector<std::string> values(std::string_view name, std::string_view label) const;
    // The first one, or empty.
    std::string value(std::string_view name, std::string_view label) const;

  private:
    struct Sample {
        std::vector<std::pair<std::string, std::string>> labels;
        double number = 0;
    };
    const std::vector<Sample>& samples(std::string_view name) const;

    std::map<std::string, std::vector<Sample>, std::less<>> samples_;
};

// What a histogram says of what happened between two pages: the time within which the part `q` of
// it was done, in seconds.  Within a bucket times are taken to be spread evenly; what is in the
// last one is infinite.  Negative: nothing happened.
double quantile_between(const MetricsPage& before, const MetricsPage& now, std::string_view name,
                        const MetricsPage::Labels& labels, double q);

}  // namespace postern::ctl
