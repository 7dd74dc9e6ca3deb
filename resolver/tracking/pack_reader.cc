// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/pack_reader.h"

#include "resolver/tracking/catalogue_text.h"

namespace postern::tracking {

PackReader::PackReader(state::Database& database, const std::string& which)
    : rows_(database,
            ("SELECT first, time, catalogue, record, last, rest FROM pack " + which).c_str()) {}

bool PackReader::next() {
    if (!rows_.next()) return false;
    joined_.release();
    unpack({.id = rows_.number(0), .time = rows_.number(1), .record = rows_.bytes(3)},
           rows_.number(4), rows_.bytes(5), decisions_, joined_);
    return true;
}

Catalogues read_catalogues(state::Database& database) {
    Catalogues catalogues;
    state::Statement each(database, "SELECT id, lists FROM catalogue");
    while (each.next()) catalogues[each.number(0)] = parse_catalogue(each.text(1));
    return catalogues;
}

DecisionId last_packed_id(state::Database& database) {
    state::Statement last(database,
                          "SELECT max(first, last) FROM pack ORDER BY first DESC LIMIT 1");
    return last.next() ? last.number(0) : 0;
}

}  // namespace postern::tracking
