// SPDX-License-Identifier: Apache-2.0
//
// Reads the decision log while it is being written.
//
// Opened for one search or a few, in any thread but not by two at once.  What a search sees is the
// file as it was when the search began.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "resolver/tracking/pack_reader.h"
#include "resolver/tracking/record_reader.h"
#include "resolver/tracking/tracking_query.h"

namespace postern::tracking {

// Valid during the call that it is given to.
struct Found {
    DecisionId id = 0;
    Milliseconds time = 0;
    const Record& record;
    const ListCatalogue& lists;  // that the record's numbers stand for
};

class TrackingSearch {
  public:
    // So many decisions are looked at for one page, that nobody waits long for a rare one.
    static constexpr std::size_t looked_at_max = 200'000;

    // The error is a sentence.
    static tl::expected<TrackingSearch, std::string> open(const std::string& path);

    // Gives what matches to `visit`, at most query.limit of them.  Where to go on, as `before` or
    // `after` of the next search: the page is full, or enough was looked at.
    using Visit = std::function<void(const Found&)>;
    tl::expected<std::optional<DecisionId>, std::string> run(const TrackingQuery& query,
                                                             const Visit& visit);
    // The greatest id, 0 when there is no decision.
    DecisionId last_id();

  private:
    explicit TrackingSearch(std::unique_ptr<state::Database> database);

    // How far one search has come.
    struct Progress {
        const TrackingQuery& query;
        const Visit& visit;
        DecisionId at;  // the last one looked at, or that is not to be
        std::size_t found = 0;
        std::size_t looked_at = 0;

        bool is_over() const { return found >= query.limit || looked_at >= looked_at_max; }
    };

    bool visit_one(DecisionId id, const Visit& visit);
    void forwards(Progress& progress);
    void backwards(Progress& progress);
    void look_back(Progress& progress, PackReader& packs);
    void look_at(Progress& progress, const Packed& decision, const ListCatalogue& lists);
    bool may_match(const TrackingQuery& query, state::Statement& block) const;

    std::unique_ptr<state::Database> database_;
    Catalogues catalogues_;
    RecordReader reader_;
};

}  // namespace postern::tracking
