// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/top/metrics_page.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

namespace postern::ctl {

namespace {

using OwnedLabels = std::vector<std::pair<std::string, std::string>>;

// What stands between quotation marks at the front of `text`, which loses it; empty when they do
// not match.
std::optional<std::string> take_quoted(std::string_view& text) {
    if (text.empty() || text.front() != '"') return std::nullopt;
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return value;
        }
        if (text[i] == '\\' && ++i < text.size() && text[i] == 'n') {
            value += '\n';
        } else if (i < text.size()) {
            value += text[i];
        }
    }
    return std::nullopt;
}

// The labels at the front of `text` with their braces, if there are any.
std::optional<OwnedLabels> take_labels(std::string_view& text) {
    OwnedLabels labels;
    if (text.empty() || text.front() != '{') return labels;
    while (text.front() == '{' || text.front() == ',') {
        text.remove_prefix(1);
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        std::string name(text.substr(0, equals));
        text.remove_prefix(equals + 1);
        auto value = take_quoted(text);
        if (!value || text.empty()) return std::nullopt;
        labels.emplace_back(std::move(name), std::move(*value));
    }
    if (text.front() != '}') return std::nullopt;
    text.remove_prefix(1);
    return labels;
}

std::optional<double> number_of(std::string_view text) {
    if (text.empty() || text.front() != ' ') return std::nullopt;
    const std::string digits(text.substr(1));
    char* end = nullptr;
    const double number = std::strtod(digits.c_str(), &end);
    if (end == digits.c_str() || *end != '\0') return std::nullopt;
    return number;
}

bool has_all(const OwnedLabels& labels, const MetricsPage::Labels& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
        return std::any_of(labels.begin(), labels.end(), [&](const auto& label) {
            return label.first == pair.first && label.second == pair.second;
        });
    });
}

}  // namespace

tl::expected<MetricsPage, std::string> MetricsPage::parse(std::string_view text) {
    MetricsPage page;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.empty() || line.front() == '#') continue;
        std::string_view rest = line;
        const std::string name(rest.substr(0, rest.find_first_of("{ ")));
        rest.remove_prefix(name.size());
        auto labels = take_labels(rest);
        const auto number = labels ? number_of(rest) : std::nullopt;
        if (!number) return tl::unexpected("not a metric: " + std::string(line));
        page.samples_[name].push_back({std::move(*labels), *number});
    }
    return page;
}

const std::vector<MetricsPage::Sample>& MetricsPage::samples(std::string_view name) const {
    static const std::vector<Sample> none;
    const auto found = samples_.find(name);
    return found == samples_.end() ? none : found->second;
}

double MetricsPage::sum(std::string_view name, const Labels& labels) const {
    double sum = 0;
    for (const Sample& sample : samples(name)) {
        if (has_all(sample.labels, labels)) sum += sample.number;
    }
    return sum;
}

std::vector<std::string> MetricsPage::values(std::string_view name, std::string_view label) const {
    std::vector<std::string> values;
    for (const Sample& sample : samples(name)) {
        for (const auto& [its_name, value] : sample.labels) {
            if (its_name == label && std::find(values.begin(), values.end(), value) == values.end())
                values.push_back(value);
        }
    }
    return values;
}

std::string MetricsPage::value(std::string_view name, std::string_view label) const {
    const std::vector<std::string> all = values(name, label);
    return all.empty() ? std::string() : all.front();
}

double quantile_between(const MetricsPage& before, const MetricsPage& now, std::string_view name,
                        const MetricsPage::Labels& labels, double q) {
    const std::string bucket = std::string(name) + "_bucket";
    const auto count_up_to = [&](std::string_view bound) {
        MetricsPage::Labels with_bound = labels;
        with_bound.emplace_back("le", bound);
        return now.sum(bucket, with_bound) - before.sum(bucket, with_bound);
    };
    const double all = count_up_to("+Inf");
    if (all <= 0) return -1;
    double lower = 0;
    double below = 0;
    for (const std::string& text : now.values(bucket, "le")) {
        const double bound =
            text == "+Inf" ? std::numeric_limits<double>::infinity() : std::stod(text);
        const double count = count_up_to(text);
        if (count >= q * all && count > below)
            return lower + (bound - lower) * (q * all - below) / (count - below);
        lower = bound;
        below = count;
    }
    return std::numeric_limits<double>::infinity();
}

}  // namespace postern::ctl
