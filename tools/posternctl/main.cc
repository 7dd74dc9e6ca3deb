// SPDX-License-Identifier: Apache-2.0
//
// posternctl: asks a running daemon over its admin socket, and tries policies out without one.
//
// Exit status: 0 done; 1 the answer is no (an error from the daemon, a refused reload); 2 wrong
// usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "policy/report/simulate.h"
#include "resolver/config/config.h"
#include "tools/posternctl/delivery_test.h"
#include "tools/posternctl/http_client.h"
#include "tools/posternctl/recipe.h"
#include "tools/posternctl/replay.h"
#include "tools/posternctl/setup_postfix.h"
#include "tools/posternctl/show.h"
#include "tools/posternctl/terminal.h"
#include "tools/posternctl/top/top.h"
#include "tools/posternctl/track.h"

namespace {

using nlohmann::json;
using postern::ctl::complain;
using postern::ctl::exit_no;
using postern::ctl::print;

struct Options {
    std::string socket = "/run/postern/admin.sock";
    bool json = false;
};

// Sends one request and prints its answer: as it came with --json, else through `show`.
int ask(const Options& options, const std::string& method, const std::string& path,
        const std::string& body, const std::function<std::string(const json&)>& show) {
    const auto reply = postern::ctl::request(options.socket, method, path, body);
    if (!reply) return complain(reply.error());
    const json answer = json::parse(reply->body, nullptr, false);
    if (answer.is_discarded()) return complain("the daemon did not answer in JSON: " + reply->body);
    if (answer.contains("error")) return complain(answer["error"].get<std::string>());
    print(options.json ? reply->body : show(answer));
    return reply->status == 200 ? 0 : exit_no;
}

// The request that `check` and `explain` describe with their options.
struct RequestOptions {
    std::string client, helo, from, hostname, spf;
    std::vector<std::string> recipients, headers, urls;
    CLI::Option* from_given = nullptr;
    bool authenticated = false;

    void add_to(CLI::App& command) {
        command.add_option("IP", client, "the connecting address")->required();
        command.add_option("--helo", helo, "name given in HELO or EHLO");
        from_given = command.add_option("--from", from, "MAIL FROM; \"\" is the null sender");
        command.add_option("--to", recipients, "RCPT TO; may be repeated")->allow_extra_args(false);
        command.add_option("--header", headers, "'Name: value'; may be repeated")
            ->allow_extra_args(false);
        command.add_option("--url", urls, "a URL in the message; may be repeated")
            ->allow_extra_args(false);
        command.add_option("--hostname", hostname, "forward-confirmed reverse name");
        command.add_option("--spf", spf, "result of the SPF check: pass, fail, …");
        command.add_flag("--authenticated", authenticated, "the sender has logged in");
    }

    // The JSON of the request, or what is wrong with the options.
    tl::expected<json, std::string> request() const {
        json request = {{"client", client}};
        if (!helo.empty()) request["helo"] = helo;
        if (!hostname.empty()) request["hostname"] = hostname;
        if (!spf.empty()) request["auth"]["spf"] = spf;
        if (!urls.empty()) request["urls"] = urls;
        if (authenticated) request["authenticated"] = true;
        if (from_given->count() > 0) request["mail_from"] = from;
        if (!recipients.empty()) request["recipients"] = recipients;
        for (const std::string& header : headers) {
            const std::size_t colon = header.find(':');
            if (colon == std::string::npos || colon == 0) {
                return tl::unexpected("--header \"" + header + "\": write it as 'Name: value'");
            }
            const std::size_t value = header.find_first_not_of(" \t", colon + 1);
            const std::string text = value == std::string::npos ? "" : header.substr(value);
            request["headers"].push_back({header.substr(0, colon), text});
        }
        return request;
    }
};

int simulate(const std::string& config_path, const std::string& requests_path) {
    postern::Problems problems;
    const auto config = postern::config::load(config_path, problems);
    complain(problems);
    if (config == nullptr) return exit_no;

    std::ifstream file;
    if (!requests_path.empty()) {
        file.open(requests_path);
        if (!file) return complain("cannot read " + requests_path);
    }
    std::istream& requests = requests_path.empty() ? std::cin : file;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return postern::policy::simulate(*config->policies, requests, std::cout, now).failed == 0
               ? 0
               : exit_no;
}

std::string show_reload(const json& answer) {
    std::string text;
    for (const json& problem : answer["problems"]) text += problem.get<std::string>() + "\n";
    return text +
           (answer["reloaded"].get<bool>() ? "reloaded: policy set "
                                           : "nothing was changed: policy set ") +
           answer["policy_set"].get<std::string>() + "\n";
}

std::string show_explanation(const json& answer) { return answer["text"].get<std::string>(); }

std::string show_policies(const json& answer) {
    std::string text = fmt::format("{:<21} {:<24} {:<8} {:>9} {:<8} {}\n", "type", "policy",
                                   "status", "hits", "override", "from -> to");
    for (const json& policy : answer["policies"]) {
        text += fmt::format(
            "{:<21} {:<24} {:<8} {:>9} {:<8} {} -> {}\n", policy["type"].get<std::string>(),
            policy["id"].get<std::string>(), policy["status"].get<std::string>(),
            policy["hits"].get<std::uint64_t>(), policy["override"].get<bool>() ? "yes" : "",
            policy["from"].get<std::string>(), policy["to"].get<std::string>());
    }
    return text;
}

// The whole command line; `status` is what the command that ran came to.
class CommandLine {
  public:
    int run(int argc, char** argv) {
        app_.set_version_flag("--version", "posternctl " POSTERN_VERSION);
        app_.require_subcommand(1);
        app_.fallthrough();
        app_.add_option("--socket", options_.socket, "the daemon's admin socket")
            ->capture_default_str();
        app_.add_flag("--json", options_.json, "print the daemon's JSON as it came");
        add_request("check", "decide a connection or a message", check_,
                    postern::ctl::show_decision);
        add_request("explain", "say how a decision comes about", explain_, show_explanation);
        add_simulate();
        add_recipe();
        add_delivery_test();
        add_plain("ping", "GET", "/v1/ping", "ask whether the daemon answers",
                  postern::ctl::show_fields);
        add_plain("lists", "GET", "/v1/lists", "show each list's state, counts and latency",
                  postern::ctl::show_lists);
        add_top();
        add_plain("policies", "GET", "/v1/policies", "show the policies in effective order",
                  show_policies);
        add_track();
        add_reload();
        add_cache();
        add_setup();
        CLI11_PARSE(app_, argc, argv);
        return status_;
    }

  private:
    using Show = std::string (*)(const json&);

    void add_plain(const char* name, const char* method, const char* path, const char* help,
                   Show show) {
        app_.add_subcommand(name, help)->callback([this, method, path, show] {
            status_ = ask(options_, method, path, "", show);
        });
    }

    void add_track() {
        CLI::App* const command =
            app_.add_subcommand("track", "search the decision log: what happened to a message");
        track_.filters.add_to(*command);
        command->add_option("--limit", track_.limit, "so many, the newest; 0 for all")
            ->capture_default_str();
        command->add_option("--show", track_.show, "everything about the decision with this id");
        command->add_flag("--follow", track_.follow, "go on with what is decided from now on");
        command->add_flag("--csv", track_.csv, "comma-separated values, a row for each recipient");
        command->callback([this] {
            track_.json = options_.json;
            status_ = postern::ctl::track(options_.socket, track_);
        });
    }

    void add_top() {
        CLI::App* const command =
            app_.add_subcommand("top", "show live what the daemon does; q leaves");
        command->add_option("--interval", top_.interval, "seconds between two looks")
            ->check(CLI::Range(0.1, 3600.0))
            ->capture_default_str();
        command->add_flag("--once", top_.once, "print one look as plain text");
        command->callback([this] {
            top_.socket = options_.socket;
            status_ = postern::ctl::top(top_);
        });
    }

    void add_reload() {
        CLI::App* const command =
            app_.add_subcommand("reload", "read the configuration again; all of it or nothing");
        command->add_flag("--force", force_,
                          "even if policies or permit ranges change by more than half");
        command->callback([this] {
            status_ =
                ask(options_, "POST", force_ ? "/v1/reload/force" : "/v1/reload", "", show_reload);
        });
    }

    void add_request(const char* name, const char* help, RequestOptions& asked, Show show) {
        CLI::App* const command = app_.add_subcommand(name, help);
        asked.add_to(*command);
        command->callback([this, name, &asked, show] {
            const auto request = asked.request();
            status_ = request
                          ? ask(options_, "POST", std::string("/v1/") + name, request->dump(), show)
                          : complain(request.error());
        });
    }

    void add_simulate() {
        CLI::App* const command = app_.add_subcommand(
            "simulate", "decide recorded or made-up requests by a configuration of your choice");
        command->add_option("--config", config_, "the configuration file")->required();
        CLI::Option* const requests = command->add_option(
            "--requests", requests_, "file of requests; standard input when absent");
        command
            ->add_flag("--from-tracking", from_tracking_,
                       "those of the running daemon's decision log; show what changes")
            ->excludes(requests);
        replay_.filters.add_to(*command);
        command->add_option("--limit", replay_.limit, "with --from-tracking: so many, the newest")
            ->capture_default_str();
        command->callback([this] {
            replay_.config = config_;
            replay_.json = options_.json;
            status_ = from_tracking_ ? postern::ctl::replay(options_.socket, replay_)
                                     : simulate(config_, requests_);
        });
    }

    void add_recipe() {
        CLI::App* const recipe = app_.add_subcommand(
            "recipe", "let an awareness-training vendor's mail through, from a recipe file");
        recipe->require_subcommand(1);
        CLI::App* const show = recipe->add_subcommand("show", "print what it would add");
        CLI::App* const apply = recipe->add_subcommand("apply", "add it to the configuration");
        for (CLI::App* const command : {show, apply}) {
            command->add_option("FILE", recipe_.recipe, "the recipe")->required();
            command->add_option("--config", recipe_.config, "the configuration file")->required();
            command->add_option("--output", recipe_.output,
                                "file to make; policies.d/VENDOR.toml beside the configuration "
                                "when absent");
        }
        apply->add_flag("--yes", recipe_.yes, "do not ask");
        show->callback([this] { status_ = postern::ctl::show_recipe(recipe_); });
        apply->callback([this] { status_ = postern::ctl::apply_recipe(recipe_); });
    }

    void add_delivery_test() {
        CLI::App* const command = app_.add_subcommand(
            "delivery-test", "whether a sender's mail would be delivered untouched");
        command->add_option("--config", delivery_.config, "the configuration file")->required();
        command->add_option("--from", delivery_.from, "MAIL FROM and From")->required();
        command->add_option("--to", delivery_.to, "the recipient")->required();
        command->add_option("--client", delivery_.client,
                            "the connecting address; the recipe's first when absent");
        command->add_option("--recipe", delivery_.recipe,
                            "the recipe whose marks and URLs the message carries");
        command->callback([this] {
            delivery_.json = options_.json;
            status_ = postern::ctl::test_delivery(delivery_);
        });
    }

    void add_cache() {
        CLI::App* const cache =
            app_.add_subcommand("cache", "look into the cache of list answers, or empty it");
        cache->require_subcommand(1);
        cache->add_subcommand("stats", "size and counts")->callback([this] {
            status_ = ask(options_, "GET", "/v1/cache", "", postern::ctl::show_fields);
        });
        CLI::App* const get = cache->add_subcommand("get", "what is remembered of an address");
        get->add_option("IP", address_, "the address")->required();
        get->callback([this] {
            status_ = ask(options_, "GET", "/v1/cache/" + address_, "", postern::ctl::show_cached);
        });
        CLI::App* const flush = cache->add_subcommand("flush", "forget an address, or everything");
        flush->add_option("IP", address_, "the address; all when absent");
        flush->callback([this] {
            const std::string path = address_.empty() ? "/v1/cache" : "/v1/cache/" + address_;
            status_ = ask(options_, "DELETE", path, "", postern::ctl::show_fields);
        });
    }

    void add_setup() {
        CLI::App* const setup = app_.add_subcommand("setup", "make a mail server ask Postern");
        setup->require_subcommand(1);
        CLI::App* const postfix = setup->add_subcommand(
            "postfix", "show the change to main.cf, ask, make it and check it");
        postfix->add_option("--config-dir", setup_postfix_.folder, "Postfix's configuration")
            ->capture_default_str();
        postfix->add_flag("--yes", setup_postfix_.yes, "do not ask");
        postfix->add_flag("--dry-run", setup_postfix_.dry_run, "show the change only");
        postfix->callback([this] { status_ = postern::ctl::setup_postfix(setup_postfix_); });
    }

    CLI::App app_{"Asks a running posternd, and tries policies out without one", "posternctl"};
    Options options_;
    RequestOptions check_, explain_;
    postern::ctl::RecipeOptions recipe_;
    postern::ctl::DeliveryTestOptions delivery_;
    postern::ctl::SetupPostfixOptions setup_postfix_;
    postern::ctl::TrackOptions track_;
    postern::ctl::ReplayOptions replay_;
    postern::ctl::TopOptions top_;
    std::string config_, requests_, address_;
    bool force_ = false;
    bool from_tracking_ = false;
    int status_ = 0;
};

}  // namespace

int main(int argc, char** argv) { return CommandLine().run(argc, argv); }
