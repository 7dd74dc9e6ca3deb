// SPDX-License-Identifier: Apache-2.0
//
// What it costs to read a request and to write the answer, in each dialect of the gateway socket.
#include <benchmark/benchmark.h>

#include <memory>

#include "policy/config/document.h"
#include "policy/stages/memory_table.h"
#include "resolver/service/json_lines.h"
#include "resolver/service/native.h"
#include "resolver/service/native_dialect.h"
#include "resolver/service/postfix.h"

namespace postern::service {
namespace {

const IpAddress client = *IpAddress::parse("192.0.2.10");

std::string native_query() {
    const native::Fixed frame = native::encode(native::Query{.tag = 7, .client = client});
    return {frame.data(), frame.size()};
}

// What Postfix 3.7 sends at RCPT.
std::string postfix_request() {
    return "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
           "client_address=192.0.2.10\nclient_name=mx.partner.example\nclient_port=4321\n"
           "reverse_client_name=mx.partner.example\nserver_address=198.51.100.25\n"
           "server_port=25\nhelo_name=mx.partner.example\nsender=a@partner.example\n"
           "recipient=ann@corp.example\nrecipient_count=0\nqueue_id=\ninstance=1f4.65.0\n"
           "size=34567\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
           "ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
           "encryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
           "encryption_keysize=256\npolicy_context=\n\n";
}

std::string json_request() {
    return R"({"id":"q1","client":"192.0.2.10","helo":"mx.partner.example",)"
           R"("mail_from":"a@partner.example","recipients":["ann@corp.example"]})"
           "\n";
}

// A message that two of six lists reject.
struct Decided {
    Decided() {
        Problems problems;
        const Document document = Document::parse(
            "[organization]\ninternal_domains = [\"corp.example\"]\n", "bench.toml", problems);
        ListCatalogue lists;
        for (const char* name : {"zen", "spamcop", "barracuda", "psbl", "mailspike", "uceprotect"})
            lists.push_back(
                {.name = name, .kind = ListKind::block, .operator_name = "", .info_url = ""});
        policies = policy::PolicySet::load(document, lists, problems);
        request.client = client;
        request.mail_from = "a@partner.example";
        request.recipients = {"ann@corp.example"};
        for (std::size_t i = 0; i < 6; ++i) {
            evidence.listings[i].state = i < 2 ? Listing::State::listed : Listing::State::clear;
        }
        policy::decide(*policies, request, evidence, policy::MemoryTable(), WallTime{}, decision);
    }
    Answer answer() const {
        return {
            .request = request, .decision = decision, .evidence = evidence, .policies = *policies};
    }

    std::shared_ptr<const policy::PolicySet> policies;
    Request request;
    Evidence evidence;
    Decision decision;
};

template <class Dialect>
void read_request(benchmark::State& state, const std::string& bytes) {
    Scratch scratch;
    Dialect dialect(scratch);
    std::string reply;
    for (auto _ : state) {
        const Cut cut = dialect.cut(bytes, 0, false);
        benchmark::DoNotOptimize(
            dialect.read(std::string_view(bytes).substr(0, cut.size), reply).request);
    }
    if (!reply.empty()) state.SkipWithError("the request was not understood");
    state.counters["bytes"] = static_cast<double>(bytes.size());
}

// `weight` tells the native dialect's 32-byte answer from a decision in JSON.
template <class Dialect>
void write_answer(benchmark::State& state, std::uint32_t weight) {
    Scratch scratch;
    Dialect dialect(scratch);
    const Decided decided;
    const Answer answer = decided.answer();
    std::string out;
    for (auto _ : state) {
        out.clear();
        dialect.append_answer(out, Ticket({.number = 7, .weight = weight}), answer);
        benchmark::DoNotOptimize(out.data());
    }
    state.counters["bytes"] = static_cast<double>(out.size());
}

// As queries come that are read together.
void read_native(benchmark::State& state) {
    Scratch scratch;
    const NativeDialect dialect(scratch);
    std::string bytes;
    while (bytes.size() < Queries::most * native::fixed_size) bytes += native_query();
    Queries queries;
    while (state.KeepRunningBatch(Queries::most)) {
        dialect.read_queries(bytes, queries);
        benchmark::DoNotOptimize(queries.clients);
    }
    if (queries.count != Queries::most) state.SkipWithError("the queries were not understood");
    state.counters["bytes"] = native::fixed_size;
}

void read_postfix(benchmark::State& state) { read_request<Postfix>(state, postfix_request()); }
void read_json(benchmark::State& state) { read_request<JsonLines>(state, json_request()); }
void write_native(benchmark::State& state) { write_answer<NativeDialect>(state, 0); }
void write_postfix(benchmark::State& state) { write_answer<Postfix>(state, 1); }
void write_json(benchmark::State& state) { write_answer<JsonLines>(state, 1); }

BENCHMARK(read_native);
BENCHMARK(read_postfix);
BENCHMARK(read_json);
BENCHMARK(write_native);
BENCHMARK(write_postfix);
BENCHMARK(write_json);

}  // namespace
}  // namespace postern::service
