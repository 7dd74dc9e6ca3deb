// SPDX-License-Identifier: Apache-2.0
//
// The lists as a worker's pipeline sees them: asked through the worker's own source, judged
// together with all other workers.
//
//      pipeline ── ask ──►  WatchedSource  ── ask ──►  DnsSource
//               ◄─ answer ─      │         ◄─ answer ─
//                                └──► Standings, which all workers share
//
// One worker's carries the questions of the self-tests as well: those whose tickets bear the bit
// that askers leave alone.
#pragma once

#include "resolver/dns/list_source.h"
#include "resolver/health/standings.h"
#include "resolver/io/loop.h"

namespace postern::health {

class WatchedSource final : public dns::ListSource, private dns::ListAnswers {
  public:
    // Everything passed by reference must outlive this.
    WatchedSource(const io::Loop& loop, dns::ListSource& source, Standings& standings);

    void deliver_to(dns::ListAnswers& answers) override { answers_ = &answers; }
    // Where the answers to self-tests go; on_answer only.
    void deliver_probes_to(dns::ListAnswers& prober) { prober_ = &prober; }
    bool ask(const dns::ListQuestion& question, dns::Ticket ticket) override;
    ListMask voting() const override { return standings_.voting(); }
    Listing::State state_without_vote(ListIndex list) const override;

  private:
    void on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) override;
    void on_late_answer(const IpAddress& address, ListIndex list,
                        const dns::ListAnswer& answer) override;
    void on_answers_given() override { answers_->on_answers_given(); }

    const io::Loop& loop_;
    dns::ListSource& source_;
    Standings& standings_;
    dns::ListAnswers* answers_ = nullptr;
    dns::ListAnswers* prober_ = nullptr;
};

}  // namespace postern::health
