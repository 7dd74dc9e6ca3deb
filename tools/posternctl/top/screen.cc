// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/top/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "tools/posternctl/terminal.h"

namespace postern::ctl {

namespace {

// xterm's control sequences, which every terminal of today knows.
constexpr const char* enter = "\033[?1049h\033[?25l";  // the second screen, no cursor
constexpr const char* leave = "\033[?25h\033[?1049l";
constexpr const char* home = "\033[H";
constexpr const char* clear_line_end = "\033[K";
constexpr const char* clear_below = "\033[J";

constexpr char ctrl_c = 3;

sigset_t awaited_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&signals, signal);
    return signals;
}

void write_out(const std::string& text) {
    print(text);
    std::fflush(stdout);
}

}  // namespace

Screen::Screen() {
    const sigset_t signals = awaited_signals();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    restore_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (restore_) {
        // Keys as they are typed, Ctrl-C among them, and none of them shown.
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    write_out(enter);
}

Screen::~Screen() {
    write_out(leave);
    if (restore_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    if (signals_ >= 0) ::close(signals_);
    const sigset_t signals = awaited_signals();
    sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

FrameLayout Screen::layout() const {
    FrameLayout layout{.colour = true};
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        layout.width = size.ws_col;
        layout.height = size.ws_row;
    }
    return layout;
}

void Screen::show(const std::vector<std::string>& lines) const {
    std::string text = home;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) text += '\n';
        text += lines[i] + clear_line_end;
    }
    write_out(text + clear_below);
}

Screen::Event Screen::wait(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return Event::time_over;
        pollfd sources[] = {{.fd = signals_, .events = POLLIN, .revents = 0},
                            {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
        if (::poll(sources, 2, static_cast<int>(left.count())) <= 0) continue;
        signalfd_siginfo signal{};
        if (::read(signals_, &signal, sizeof(signal)) == sizeof(signal))
            return signal.ssi_signo == SIGWINCH ? Event::resized : Event::leave;
        if (sources[1].revents != 0 && leave_was_typed()) return Event::leave;
    }
}

// Also when there is nobody left to type.
bool Screen::leave_was_typed() const {
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) <= 0) return true;
    return key == 'q' || key == 'Q' || key == ctrl_c;
}

}  // namespace postern::ctl
