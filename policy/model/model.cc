// SPDX-License-Identifier: Apache-2.0
#include "policy/model/model.h"

namespace postern::policy {

Status status_of(const Policy& policy, WallTime now) {
    if (!policy.enabled) return Status::disabled;
    if (policy.valid.has_ended(now)) return Status::expired;
    if (!policy.valid.has_started(now)) return Status::ready;
    return Status::active;
}

const char* to_string(Status status) {
    switch (status) {
        case Status::active:
            return "active";
        case Status::ready:
            return "ready";
        case Status::expired:
            return "expired";
        case Status::disabled:
            return "disabled";
    }
    return "";
}

const char* to_string(BasedOn based_on) {
    switch (based_on) {
        case BasedOn::envelope:
            return "envelope";
        case BasedOn::header:
            return "header";
        case BasedOn::both:
            return "both";
    }
    return "";
}

}  // namespace postern::policy
