// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON by appending to a text: commas come by themselves, everything else is said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/report/json_string.h"

namespace postern::policy {

class JsonWriter {
  public:
    // `out` must outlive the writer.
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& key(std::string_view name) {
        separate();
        append_json_string(out_, name);
        out_ += ':';
        first_ = true;  // no comma between a key and its value
        return *this;
    }
    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    void text(std::string_view value) {
        separate();
        append_json_string(out_, value);
    }
    // null for an empty text.
    void text_or_null(std::string_view value) { value.empty() ? null() : text(value); }
    void number(std::int64_t value) {
        separate();
        out_ += std::to_string(value);
    }
    void boolean(bool value) {
        separate();
        out_ += value ? "true" : "false";
    }
    void null() {
        separate();
        out_ += "null";
    }

  private:
    void open(char bracket) {
        separate();
        out_ += bracket;
        first_ = true;
    }
    void close(char bracket) {
        out_ += bracket;
        first_ = false;
    }
    void separate() {
        if (!first_) out_ += ',';
        first_ = false;
    }

    std::string& out_;
    bool first_ = true;
};

}  // namespace postern::policy
