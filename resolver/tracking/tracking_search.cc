// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/tracking_search.h"

#include <algorithm>
#include <utility>

#include "resolver/tracking/catalogue_text.h"

namespace postern::tracking {

namespace {

using state::Statement;

constexpr const char* newest_first =
    "SELECT id, time, catalogue, record FROM decision WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC";
constexpr const char* oldest_first =
    "SELECT id, time, catalogue, record FROM decision WHERE id > ?1 ORDER BY id";

}  // namespace

TrackingSearch::TrackingSearch(std::unique_ptr<state::Database> database)
    : database_(std::move(database)) {}

tl::expected<TrackingSearch, std::string> TrackingSearch::open(const std::string& path) {
    TrackingSearch search(std::make_unique<state::Database>(path, state::Database::Access::read));
    state::Database& database = *search.database_;
    // Everything that follows is of one moment.
    if (!database.ok() || !database.run("BEGIN")) return tl::unexpected(database.error());
    Statement each(database, "SELECT id, lists FROM catalogue");
    while (each.next()) search.catalogues_[each.number(0)] = parse_catalogue(each.text(1));
    if (!database.ok()) return tl::unexpected(database.error());
    return search;
}

tl::expected<std::optional<DecisionId>, std::string> TrackingSearch::run(const TrackingQuery& query,
                                                                         const Visit& visit) {
    if (query.id && visit_one(*query.id, visit)) return std::nullopt;
    Progress progress{.query = query, .visit = visit};
    if (query.after) {
        Statement rows(*database_, oldest_first);
        rows.bind(1, *query.after);
        look_at(progress, rows);
    } else {
        backwards(progress);
    }
    if (!database_->ok()) return tl::unexpected(database_->error());
    return progress.is_over() ? std::optional(progress.at) : std::nullopt;
}

bool TrackingSearch::visit_one(DecisionId id, const Visit& visit) {
    Statement row(*database_, newest_first);
    row.bind(1, id);
    row.bind(2, id);
    if (!row.next() || !decode(row.bytes(3), record_)) return false;
    visit(
        {.id = id, .time = row.number(1), .record = record_, .lists = catalogues_[row.number(2)]});
    return true;
}

void TrackingSearch::look_at(Progress& progress, Statement& rows) {
    while (!progress.is_over() && rows.next()) {
        progress.at = rows.number(0);
        ++progress.looked_at;
        if (!decode(rows.bytes(3), record_)) continue;
        const ListCatalogue& lists = catalogues_[rows.number(2)];
        const Milliseconds time = rows.number(1);
        collect_terms(record_, lists, terms_);
        if (!matches(progress.query, time, record_, terms_)) continue;
        progress.visit({.id = progress.at, .time = time, .record = record_, .lists = lists});
        ++progress.found;
    }
}

// First the decisions behind the last block, then block by block.
void TrackingSearch::backwards(Progress& progress) {
    const DecisionId end = progress.query.before ? *progress.query.before - 1 : INT64_MAX;
    Statement blocks(*database_,
                     "SELECT first, last, oldest, newest, filter FROM block "
                     "WHERE first <= ?1 ORDER BY first DESC");
    blocks.bind(1, end);
    Statement rows(*database_, newest_first);
    const auto look_between = [&](DecisionId first, DecisionId last) {
        rows.bind(1, first);
        rows.bind(2, std::min(last, end));
        look_at(progress, rows);
        rows.reset();
    };
    bool more = blocks.next();
    look_between(more ? blocks.number(1) + 1 : 0, INT64_MAX);
    for (; more && !progress.is_over(); more = blocks.next()) {
        if (may_match(progress.query, blocks)) look_between(blocks.number(0), blocks.number(1));
    }
}

bool TrackingSearch::may_match(const TrackingQuery& query, Statement& block) const {
    if (query.since && block.number(3) < *query.since) return false;
    if (query.until && block.number(2) >= *query.until) return false;
    if (query.wanted.empty()) return true;
    const auto filter = block.bytes(4);
    return std::all_of(query.wanted.begin(), query.wanted.end(), [&](const auto& alternatives) {
        return std::any_of(alternatives.begin(), alternatives.end(),
                           [&](Term term) { return BlockFilter::may_hold(filter, term); });
    });
}

DecisionId TrackingSearch::last_id() {
    Statement last(*database_, "SELECT max(id) FROM decision");
    return last.next() ? last.number(0) : 0;
}

}  // namespace postern::tracking
