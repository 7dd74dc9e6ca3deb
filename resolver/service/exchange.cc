// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/exchange.h"

namespace postern::service {

const char* to_string(Door door) {
    switch (door) {
        case Door::native:
            return "native";
        case Door::postfix:
            return "postfix";
        case Door::json:
            return "json";
        case Door::milter:
            return "milter";
        case Door::dns:
            return "dns";
        case Door::http:
            return "http";
        case Door::trial:
            return "trial";
    }
    return "";
}

}  // namespace postern::service
