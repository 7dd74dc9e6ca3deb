// SPDX-License-Identifier: Apache-2.0
#include "policy/config/document_include.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(DocumentIncludeTest, ThePatternsAreReplacedAndEveryLineStaysWhereItWas) {
    struct Case {
        const char* name;
        std::string before;
        std::string after;
    };
    const Case cases[] = {
        {"one line", "include = [\"a/*.toml\"]  # all\n[gateway]\n",
         "include = [\"/x\", \"/y\"]  # all\n[gateway]\n"},
        {"several lines", "# f\xC3\xBCr\ninclude = [ # mine\n  \"\xC3\xA4]\",\n  \"b\" ]\n[dns]\n",
         "# f\xC3\xBCr\ninclude = [\n\n\"/x\", \"/y\"]\n[dns]\n"},
        {"none", "include = []", "include = [\"/x\", \"/y\"]"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const auto key = find_include(c.before);
        ASSERT_TRUE(key.has_value());
        const std::string after = with_patterns(c.before, *key, {"/x", "/y"});
        EXPECT_EQ(after, c.after);
        const auto again = find_include(after);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(again->patterns, (std::vector<std::string>{"/x", "/y"}));
    }
}

TEST(DocumentIncludeTest, ATextWithoutThePatternsHasNone) {
    EXPECT_FALSE(find_include("[gateway]\n").has_value());
    EXPECT_FALSE(find_include("include = \"a\"\n").has_value());
    EXPECT_FALSE(find_include("this is not TOML").has_value());
    EXPECT_FALSE(find_include("[include]\nx = [1]\n").has_value());
}

TEST(DocumentIncludeTest, APatternCoversWhatTheDaemonWouldRead) {
    struct Case {
        const char* pattern;
        const char* file;
        bool is_covered;
    };
    // clang-format off
    const Case cases[] = {
        {"policies.d/*.toml",              "/etc/postern/policies.d/a.toml",     true},
        {"policies.d/*.toml",              "/etc/postern/policies.d/../policies.d/a.toml", true},
        {"/etc/postern/policies.d/*.toml", "/etc/postern/policies.d/a.toml",     true},
        {"policies.d/a.toml",              "/etc/postern/policies.d/a.toml",     true},
        {"../other/*",                     "/etc/other/a.toml",                  true},
        {"policies.d/*.toml",              "/etc/postern/policies.d/a.conf",     false},
        {"policies.d/*.toml",              "/etc/postern/policies.d/.a.toml",    false},
        {"policies.d/*.toml",              "/etc/postern/policies.d/b/a.toml",   false},
        {"policies.d/*.toml",              "/srv/policies.d/a.toml",             false},
    };
    // clang-format on
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.pattern) + " " + c.file);
        const IncludeKey key{.patterns = {c.pattern}};
        EXPECT_EQ(includes(key, "/etc/postern/postern.toml", c.file), c.is_covered);
    }
}

}  // namespace
}  // namespace postern
