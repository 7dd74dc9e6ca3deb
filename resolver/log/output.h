// SPDX-License-Identifier: Apache-2.0
//
// Where log lines go: standard error, one whole line after the other, whoever writes them.
//
// What is logged with spdlog is an event: "event=NAME key=value …", a line that parse_line() can
// read; docs/events.md has them all.  The output puts time and level before it, or makes JSON of
// it.  Any thread may log.
#pragma once

#include <string_view>

#include "resolver/log/line.h"

namespace postern::log {

// Makes standard error the place of everything that is logged.  Once, before the first line.
void start();
void set_format(Format format);
// Whether lines begin with a priority, because standard error is systemd's journal.
bool has_priorities();

// Whole lines that were made elsewhere, priorities included.
void write(std::string_view lines);

}  // namespace postern::log
