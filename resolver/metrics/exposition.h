// SPDX-License-Identifier: Apache-2.0
//
// Writes metrics in the two forms that Prometheus reads: its own text, version 0.0.4, and
// OpenMetrics 1.0.
//
//      # HELP postern_requests_total Requests answered.
//      # TYPE postern_requests_total counter
//      postern_requests_total{interface="postfix",verdict="reject"} 17
//
// Label values may hold any bytes and are escaped.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "resolver/metrics/histogram.h"

namespace postern::metrics {

enum class Format : std::uint8_t { text, openmetrics };

// What is to be written for a client that says `accept` (RFC 9110, section 12.5.1); Prometheus asks
// for OpenMetrics where it can be had.
Format format_for(std::string_view accept);
// The Content-Type that goes with it.
const char* content_type(Format format);

enum class Kind : std::uint8_t { counter, gauge, histogram };

// A metric as it is described: all its samples have these labels.
struct Family {
    std::string_view name;  // a counter's ends in _total
    Kind kind = Kind::counter;
    std::string_view help;                     // one sentence, in which nothing needs an escape
    std::array<std::string_view, 2> labels{};  // unused ones are empty
};

class Exposition {
  public:
    explicit Exposition(Format format) : format_(format) {}

    // The samples that follow are this family's.  It must outlive them.
    void begin(const Family& family);

    using LabelValues = std::initializer_list<std::string_view>;
    // As many label values as the family has labels, in its order.
    void sample(LabelValues labels, std::uint64_t value);
    void sample(LabelValues labels, double value);
    void sample(LabelValues labels, const Histogram& histogram);

    // Everything; nothing may follow.
    std::string finish();

  private:
    void begin_sample(std::string_view suffix, LabelValues labels, std::string_view bound);

    Format format_;
    const Family* family_ = nullptr;
    std::string text_;
};

}  // namespace postern::metrics
