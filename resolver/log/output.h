// SPDX-License-Identifier: Apache-2.0
//
// Where log lines go: standard error, one whole line after the other, whoever writes them.
//
// What is logged with spdlog is an event: "event=NAME key=value …", a line that parse_line() can
// read; docs/events.md has them all.  The output puts time and level before it, or makes JSON of
// it.  Any thread may log, and none waits for it: a thread of the log's own writes.
//
// Whoever reads standard error may be stuck.  He is waited for once, then lines are lost until he
// takes some again, and is told how many he missed.
#pragma once

#include <cstdint>
#include <string_view>

#include "resolver/log/line.h"

namespace postern::log {

// While it lives, standard error is the place of everything that is logged; its end writes what is
// left.  Once, before the first line, with signals blocked that the log's thread shall not take.
class Running {
  public:
    Running();
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
};

void set_format(Format format);
// Whether lines begin with a priority, because standard error is systemd's journal.
bool has_priorities();

// The time of a line that begins now.
Milliseconds wall_milliseconds();

// How many lines were lost so far because nobody read them.
std::uint64_t lines_lost();

// Whole lines that were made elsewhere, priorities included.  Waits, but not for a reader who is
// stuck.
void write(std::string_view lines);

}  // namespace postern::log
