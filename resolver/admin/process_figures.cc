// SPDX-License-Identifier: Apache-2.0
#include "resolver/admin/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace postern::admin {

namespace {

std::uint64_t entries_in(const char* folder) {
    std::error_code error;
    std::uint64_t entries = 0;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        ++entries;
    }
    return entries;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessFigures read_process_figures() {
    ProcessFigures figures;
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);

    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    figures.descriptors_max = descriptors.rlim_cur;
    // The one that reads the folder is not there for long.
    const std::uint64_t seen = entries_in("/proc/self/fd");
    figures.open_descriptors = seen > 0 ? seen - 1 : 0;
    figures.threads = entries_in("/proc/self/task");

    // proc(5): the sizes of the program and of what of it is in memory, in pages.
    std::uint64_t pages = 0;
    std::uint64_t resident_pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident_pages;
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    figures.virtual_bytes = pages * page_bytes;
    figures.resident_bytes = resident_pages * page_bytes;
    return figures;
}

}  // namespace postern::admin
