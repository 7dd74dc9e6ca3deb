// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/tracking_search.h"

#include <algorithm>
#include <utility>

namespace postern::tracking {

namespace {

using state::Statement;

constexpr const char* newest_first = "WHERE first BETWEEN ?1 AND ?2 ORDER BY first DESC";
// From the pack on that an id is in, or would be.
constexpr const char* oldest_first =
    "WHERE first >= (SELECT ifnull(max(first), 0) FROM pack WHERE first <= ?1) ORDER BY first";

// A file of another version has other tables, or means something else by them.
std::string why_unreadable(state::Database& database) {
    Statement version(database, "PRAGMA user_version");
    if (!version.next()) return database.error();
    if (version.number(0) == TrackingFile::version) return {};
    return "has version " + std::to_string(version.number(0)) +
           " of the decision log's layout, and this program reads version " +
           std::to_string(TrackingFile::version);
}

}  // namespace

TrackingSearch::TrackingSearch(std::unique_ptr<state::Database> database)
    : database_(std::move(database)) {}

tl::expected<TrackingSearch, std::string> TrackingSearch::open(const std::string& path) {
    TrackingSearch search(std::make_unique<state::Database>(path, state::Database::Access::read));
    state::Database& database = *search.database_;
    // Everything that follows is of one moment.
    if (!database.ok() || !database.run("BEGIN")) return tl::unexpected(database.error());
    if (const std::string why = why_unreadable(database); !why.empty()) return tl::unexpected(why);
    search.catalogues_ = read_catalogues(database);
    if (!database.ok()) return tl::unexpected(database.error());
    return search;
}

tl::expected<std::optional<DecisionId>, std::string> TrackingSearch::run(const TrackingQuery& query,
                                                                         const Visit& visit) {
    if (query.id && visit_one(*query.id, visit)) return std::nullopt;
    Progress progress{.query = query,
                      .visit = visit,
                      .at = query.after.value_or(query.before.value_or(INT64_MAX))};
    query.after ? forwards(progress) : backwards(progress);
    if (!database_->ok()) return tl::unexpected(database_->error());
    return progress.is_over() ? std::optional(progress.at) : std::nullopt;
}

bool TrackingSearch::visit_one(DecisionId id, const Visit& visit) {
    PackReader packs(*database_, "WHERE first <= ?1 ORDER BY first DESC LIMIT 1");
    packs.bind(1, id);
    if (!packs.next()) return false;
    const auto& all = packs.decisions();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Packed& one) { return one.id == id; });
    const ListCatalogue& lists = catalogues_[packs.catalogue()];
    if (found == all.end() || !reader_.read(found->record, lists)) return false;
    visit({.id = id, .time = found->time, .record = reader_.record(), .lists = lists});
    return true;
}

void TrackingSearch::forwards(Progress& progress) {
    PackReader packs(*database_, oldest_first);
    packs.bind(1, progress.at);
    while (!progress.is_over() && packs.next()) {
        for (const Packed& decision : packs.decisions()) {
            if (progress.is_over()) break;
            if (decision.id > progress.at)
                look_at(progress, decision, catalogues_[packs.catalogue()]);
        }
    }
}

// First the decisions behind the last block, then block by block.
void TrackingSearch::backwards(Progress& progress) {
    const DecisionId end = progress.at - 1;
    Statement blocks(*database_,
                     "SELECT first, last, oldest, newest, filter FROM block "
                     "WHERE first <= ?1 ORDER BY first DESC");
    blocks.bind(1, end);
    PackReader packs(*database_, newest_first);
    const auto look_between = [&](DecisionId first, DecisionId last) {
        packs.bind(1, first);
        packs.bind(2, std::min(last, end));
        look_back(progress, packs);
        packs.reset();
    };
    bool more = blocks.next();
    look_between(more ? blocks.number(1) + 1 : 0, INT64_MAX);
    for (; more && !progress.is_over(); more = blocks.next()) {
        if (may_match(progress.query, blocks)) look_between(blocks.number(0), blocks.number(1));
    }
}

void TrackingSearch::look_back(Progress& progress, PackReader& packs) {
    while (!progress.is_over() && packs.next()) {
        const auto& all = packs.decisions();
        for (auto decision = all.rbegin(); decision != all.rend(); ++decision) {
            if (progress.is_over()) break;
            if (decision->id < progress.at)
                look_at(progress, *decision, catalogues_[packs.catalogue()]);
        }
    }
}

void TrackingSearch::look_at(Progress& progress, const Packed& decision,
                             const ListCatalogue& lists) {
    progress.at = decision.id;
    ++progress.looked_at;
    if (!reader_.read(decision.record, lists)) return;
    const Record& record = reader_.record();
    if (!matches(progress.query, decision.time, record, reader_.terms())) return;
    progress.visit({.id = decision.id, .time = decision.time, .record = record, .lists = lists});
    ++progress.found;
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

DecisionId TrackingSearch::last_id() { return last_packed_id(*database_); }

}  // namespace postern::tracking
