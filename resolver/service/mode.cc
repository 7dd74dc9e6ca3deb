// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/mode.h"

namespace postern::service {

const char* to_string(Mode mode) {
    switch (mode) {
        case Mode::monitor:
            return "monitor";
        case Mode::tag:
            return "tag";
        case Mode::enforce:
            return "enforce";
    }
    return "";
}

Mode Modes::of_place(std::string_view context) const {
    for (const OfContext& one : contexts) {
        if (one.context == context) return one.mode;
    }
    return usual;
}

Verdict told(Verdict verdict, Mode mode) {
    if (mode == Mode::enforce) return verdict;
    verdict.action = Action::accept;
    verdict.code = 250;
    return verdict;
}

}  // namespace postern::service
