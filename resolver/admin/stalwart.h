// SPDX-License-Identifier: Apache-2.0
//
// The MTA hooks of the Stalwart mail server: an object that describes an SMTP session so far, and
// what to do about it.  docs/gateways/stalwart.md has both.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "resolver/service/exchange.h"

namespace postern::admin {

struct StalwartHook {
    // Nothing: there is nothing to decide at this stage.
    std::optional<Request> request;
    // Of the last stage, where headers can be added.
    bool may_mark = false;
};

// The error names the field.  Fields that are not needed are not looked at: other versions have
// others.
tl::expected<StalwartHook, std::string> read_stalwart_hook(std::string_view body);

nlohmann::json stalwart_accept();
nlohmann::json stalwart_answer(const StalwartHook& hook, const service::Answer& answer);

}  // namespace postern::admin
