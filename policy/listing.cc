// SPDX-License-Identifier: Apache-2.0
#include "policy/listing.h"

namespace postern {

const char* to_string(Listing::State state) {
    switch (state) {
        case Listing::State::not_applicable:
            return "not_applicable";
        case Listing::State::clear:
            return "clear";
        case Listing::State::listed:
            return "listed";
        case Listing::State::pending:
            return "pending";
        case Listing::State::timeout:
            return "timeout";
        case Listing::State::error:
            return "error";
        case Listing::State::refused:
            return "refused";
        case Listing::State::suspended:
            return "suspended";
    }
    return "";
}

const char* to_string(ListKind kind) {
    switch (kind) {
        case ListKind::block:
            return "block";
        case ListKind::permit:
            return "permit";
    }
    return "";
}

}  // namespace postern
