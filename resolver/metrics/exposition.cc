// SPDX-License-Identifier: Apache-2.0
#include "resolver/metrics/exposition.h"

#include <fmt/format.h>

#include <iterator>

namespace postern::metrics {

namespace {

const char* to_string(Kind kind) {
    switch (kind) {
        case Kind::counter:
            return "counter";
        case Kind::gauge:
            return "gauge";
        case Kind::histogram:
            return "histogram";
    }
    return "";
}

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '"':
                out += "\\\"";
                break;
            case '\n':
                out += "\\n";
                break;
            default:
                out += c;
        }
    }
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// With a point, as OpenMetrics wants its bounds, and the same in both forms.
std::string bound_text(Duration bound) {
    std::string text = fmt::format("{}", seconds(bound));
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

}  // namespace

Format format_for(std::string_view accept) {
    return accept.find("application/openmetrics-text") != std::string_view::npos
               ? Format::openmetrics
               : Format::text;
}

const char* content_type(Format format) {
    return format == Format::text ? "text/plain; version=0.0.4; charset=utf-8"
                                  : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

// OpenMetrics calls a counter by its name without the suffix, and its samples with it.
void Exposition::begin(const Family& family) {
    constexpr std::string_view suffix = "_total";
    family_ = &family;
    std::string_view name = family.name;
    if (format_ == Format::openmetrics && family.kind == Kind::counter) {
        name.remove_suffix(suffix.size());
    }
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, family.help,
                   to_string(family.kind));
}

void Exposition::begin_sample(std::string_view suffix, LabelValues labels, std::string_view bound) {
    text_ += family_->name;
    text_ += suffix;
    char before = '{';
    const auto add = [&](std::string_view name, std::string_view value) {
        text_ += before;
        text_ += name;
        text_ += "=\"";
        append_escaped(text_, value);
        text_ += '"';
        before = ',';
    };
    const std::string_view* name = family_->labels.data();
    for (const std::string_view value : labels) add(*name++, value);
    if (!bound.empty()) add("le", bound);
    if (before == ',') text_ += '}';
    text_ += ' ';
}

void Exposition::sample(LabelValues labels, std::uint64_t value) {
    begin_sample("", labels, "");
    fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::sample(LabelValues labels, double value) {
    begin_sample("", labels, "");
    fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::sample(LabelValues labels, const Histogram& histogram) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Histogram::buckets; ++i) {
        count += histogram.counts()[i];
        begin_sample("_bucket", labels,
                     i < Histogram::bounds.size() ? bound_text(Histogram::bounds[i]) : "+Inf");
        fmt::format_to(std::back_inserter(text_), "{}\n", count);
    }
    begin_sample("_sum", labels, "");
    fmt::format_to(std::back_inserter(text_), "{}\n", seconds(histogram.sum()));
    begin_sample("_count", labels, "");
    fmt::format_to(std::back_inserter(text_), "{}\n", count);
}

std::string Exposition::finish() {
    if (format_ == Format::openmetrics) text_ += "# EOF\n";
    return std::move(text_);
}

}  // namespace postern::metrics
