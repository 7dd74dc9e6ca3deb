// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/dialect.h"

namespace postern::load {

std::unique_ptr<Dialect> make_dialect(std::string_view name, const Envelope& envelope) {
    if (name == "native") return make_native();
    if (name == "postfix") return make_postfix(envelope);
    if (name == "json") return make_json(envelope);
    return nullptr;
}

}  // namespace postern::load
