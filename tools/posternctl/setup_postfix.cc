// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/setup_postfix.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <tl/expected.hpp>
#include <vector>

#include "tools/posternctl/child.h"
#include "tools/posternctl/restrictions.h"
#include "tools/posternctl/terminal.h"

namespace postern::ctl {

namespace {

namespace fs = std::filesystem;
using Text = tl::expected<std::string, std::string>;

constexpr const char* parameter = "smtpd_recipient_restrictions";

// The output of a program that must succeed.
Text output_of(const std::vector<std::string>& arguments) {
    const auto result = run_child(arguments);
    if (!result) return tl::unexpected(result.error());
    if (!result->succeeded) return tl::unexpected(arguments[0] + " failed");
    return result->output;
}

Text value_of(const std::string& folder, const std::string& name) {
    Text text = output_of({"postconf", "-c", folder, "-h", name});
    if (text && !text->empty()) text->pop_back();  // the end of the line
    return text;
}

Text edit(const std::string& folder, const std::string& value) {
    return output_of({"postconf", "-c", folder, "-e", parameter + (" = " + value)});
}

// A folder with a copy of main.cf: what the change is tried on, and what it is undone from.
class Copy {
  public:
    explicit Copy(const fs::path& main_cf) : main_cf_(main_cf) {
        std::string pattern = (fs::temp_directory_path() / "posternctl.XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) return;
        folder_ = pattern;
        std::error_code error;
        made_ = fs::copy_file(main_cf_, folder_ / "main.cf", error) &&
                fs::copy_file(main_cf_, folder_ / "before", error);
    }
    ~Copy() {
        std::error_code ignored;
        if (!folder_.empty()) fs::remove_all(folder_, ignored);
    }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    bool made() const { return made_; }

    // What the new value changes in the file, as `diff -u` shows it.
    Text diff(const std::string& value) const {
        if (const Text edited = edit(folder_.string(), value); !edited) return edited;
        // Its status is 1 when the files differ, as these do.
        const auto shown = run_child({"diff", "-u", "--label", main_cf_.string(), "--label",
                                      main_cf_.string() + " with Postern", main_cf_.string(),
                                      (folder_ / "main.cf").string()});
        if (!shown) return tl::unexpected(shown.error());
        return shown->output;
    }

    bool restore() const {
        std::error_code error;
        return fs::copy_file(folder_ / "before", main_cf_, fs::copy_options::overwrite_existing,
                             error);
    }

  private:
    fs::path main_cf_;
    fs::path folder_;
    bool made_ = false;
};

// What smtpd_recipient_restrictions should be; empty when nothing needs to change.
Text wanted_value(const std::string& folder) {
    const Text recipient = value_of(folder, parameter);
    if (!recipient) return recipient;
    if (asks_postern(*recipient)) return std::string();
    const Text relay = value_of(folder, "smtpd_relay_restrictions");
    if (!relay) return relay;
    return with_postern({.smtpd_recipient = *recipient, .smtpd_relay = *relay});
}

int apply(const std::string& folder, const std::string& value, const Copy& copy) {
    if (const Text edited = edit(folder, value); !edited) return complain(edited.error());
    if (const Text checked = output_of({"postfix", "-c", folder, "check"}); !checked) {
        // Postfix tells its reasons to a terminal, else to the mail log.
        const std::string what = "`postfix check` finds fault, see above or the mail log; main.cf ";
        return complain(what + (copy.restore() ? "is as it was" : "could not be restored"));
    }
    const Text reloaded = output_of({"postfix", "-c", folder, "reload"});
    print(reloaded ? "done: Postfix asks Postern\n"
                   : "done: Postfix does not run, and will ask Postern when it does\n");
    return 0;
}

void mention_missing_socket(const std::string& folder) {
    const Text queue = value_of(folder, "queue_directory");
    if (!queue) return;
    const std::string socket = *queue + "/postern/policy.sock";
    std::error_code ignored;
    if (fs::exists(socket, ignored)) return;
    print("note: " + socket + " is not there; start it with: systemctl restart posternd\n");
}

}  // namespace

int setup_postfix(const SetupPostfixOptions& options) {
    const Text value = wanted_value(options.folder);
    if (!value) return complain(value.error());
    if (value->empty()) {
        print("nothing to do: Postfix asks Postern already\n");
        return 0;
    }
    const Copy copy(fs::path(options.folder) / "main.cf");
    if (!copy.made()) return complain("cannot copy " + options.folder + "/main.cf");
    const Text diff = copy.diff(*value);
    if (!diff) return complain(diff.error());
    print(*diff);
    mention_missing_socket(options.folder);
    if (options.dry_run) return 0;
    if (!options.yes && !confirm("Change main.cf and reload Postfix?")) {
        return complain("nothing was changed; --yes changes it without asking");
    }
    return apply(options.folder, *value, copy);
}

}  // namespace postern::ctl
