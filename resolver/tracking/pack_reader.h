// SPDX-License-Identifier: Apache-2.0
//
// The packs of a tracking file, one after the other.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <string>
#include <vector>

#include "policy/listing.h"
#include "resolver/state/sqlite.h"
#include "resolver/tracking/pack.h"

namespace postern::tracking {

class PackReader {
  public:
    // `which` is what follows FROM pack, with parameters from ?1 on.  The database must outlive
    // the reader, and has the error when there are no more packs because of one.
    PackReader(state::Database& database, const std::string& which);

    void bind(int parameter, std::int64_t number) { rows_.bind(parameter, number); }
    bool next();
    // Makes it ready to be bound and read again.
    void reset() { rows_.reset(); }

    // Of this pack, until next() or reset().
    const std::vector<Packed>& decisions() const { return decisions_; }
    std::int64_t catalogue() const { return rows_.number(2); }

  private:
    state::Statement rows_;
    std::vector<Packed> decisions_;
    std::pmr::monotonic_buffer_resource joined_;
};

// What the numbers in the packs' column `catalogue` stand for.
using Catalogues = std::map<std::int64_t, ListCatalogue>;
Catalogues read_catalogues(state::Database& database);

// The greatest id in a pack, 0 when there is none.
DecisionId last_packed_id(state::Database& database);

}  // namespace postern::tracking
