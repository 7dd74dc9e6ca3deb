// SPDX-License-Identifier: Apache-2.0
#include "policy/config/document.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace postern {

namespace {

std::string texts(const Problems& problems) {
    std::string text;
    for (const Problem& problem : problems) text += problem.to_string() + "\n";
    return text;
}

Document parsed(const std::string& text, Problems& problems) {
    return Document::parse(text, "test.toml", problems);
}

TEST(Section, GivesValuesOfTheRightType) {
    Problems problems;
    const Document document = parsed(
        "[s]\ntext = \"t\"\nflag = true\nnumber = 7\nwait = \"400ms\"\nmany = [\"a\", \"b\"]\npick "
        "= \"two\"\n"
        "inner = { key = \"k\" }\nrows = [ { n = 1 }, { n = 2 } ]\n",
        problems);
    Section section = document.section("s", problems);
    EXPECT_EQ(section.text("text"), "t");
    EXPECT_EQ(section.boolean("flag"), true);
    EXPECT_EQ(section.integer("number", 1, 10), 7);
    EXPECT_EQ(section.duration("wait", Duration::zero(), std::chrono::seconds(1)),
              std::chrono::milliseconds(400));
    EXPECT_EQ(section.texts("many"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(section.choice("pick", {"one", "two"}), 1U);
    EXPECT_EQ(section.table("inner").text("key"), "k");
    EXPECT_EQ(section.tables("rows").size(), 2U);
    EXPECT_EQ(section.text("absent"), std::nullopt);
    section.finish();
    EXPECT_EQ(texts(problems), "");
}

TEST(Section, SaysWhereAndWhatIsWrong) {
    // clang-format off
    const struct { const char* line; const char* problem; } cases[] = {
        {"number = 11",       "2:10: s: number: must be a whole number from 1 to 10"},
        {"number = \"7\"",    "2:10: s: number: must be a whole number from 1 to 10"},
        {"wait = \"2s\"",     "2:8: s: wait: must be a duration from \"0d\" to \"1s\""},
        {"wait = \"fast\"",   "2:8: s: wait: must be a duration from \"0d\" to \"1s\""},
        {"many = [\"a\", 1]", "2:8: s: many: must be a list of texts: [\"...\", \"...\"]"},
        {"pick = \"three\"",  "2:8: s: pick: \"three\" must be one of \"one\", \"two\""},
        {"numbr = 1",         "2:1: s: unknown key `numbr` (did you mean `number`?)"},
        {"unlike = 1",        "2:1: s: unknown key `unlike`"},
    };
    // clang-format on
    for (const auto& c : cases) {
        Problems problems;
        const Document document = parsed(std::string("[s]\n") + c.line + "\n", problems);
        Section section = document.section("s", problems);
        section.integer("number", 1, 10);
        section.duration("wait", Duration::zero(), std::chrono::seconds(1));
        section.texts("many");
        section.choice("pick", {"one", "two"});
        section.finish();
        EXPECT_EQ(texts(problems), "error: test.toml:" + std::string(c.problem) + "\n");
    }
}

TEST(Section, ReadsDatesAndTimes) {
    Problems problems;
    const Document document = parsed(
        "[s]\nday = 2026-01-31\nlocal = 2026-01-31T08:00:00\nfixed = 2026-01-31T08:00:00+02:00\n"
        "clock = 08:00:00\ntext = \"2026-01-31\"\n",
        problems);
    Section section = document.section("s", problems);
    const WallTime midnight = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31);
    EXPECT_TRUE(section.date_time("day")->is_date);
    EXPECT_EQ(section.date_time("day")->instant, midnight);
    EXPECT_FALSE(section.date_time("local")->has_offset);
    EXPECT_EQ(section.date_time("local")->instant, midnight + std::chrono::hours(8));
    EXPECT_TRUE(section.date_time("fixed")->has_offset);
    EXPECT_EQ(section.date_time("fixed")->instant, midnight + std::chrono::hours(6));
    EXPECT_EQ(texts(problems), "");
    EXPECT_FALSE(section.date_time("clock"));
    EXPECT_FALSE(section.date_time("text"));
    EXPECT_EQ(problems.size(), 2U);
}

TEST(Document, NamesTheNearestKnownSection) {
    Problems problems;
    parsed("[organisation]\n", problems).expect_only({"organization", "groups"}, problems);
    EXPECT_EQ(
        texts(problems),
        "error: test.toml:1:2: unknown section `organisation` (did you mean `organization`?)\n");
}

TEST(Document, ReportsWhatIsNotToml) {
    for (const std::string& text :
         {std::string("[s\n"), std::string("key = \n"), std::string("\xff\xfe"),
          std::string("a = 1\na = 2\n"), std::string("a = \"x\0y\"", 9), std::string(5000, '[')}) {
        Problems problems;
        parsed(text, problems);
        ASSERT_EQ(problems.size(), 1U);
        EXPECT_EQ(problems[0].file, "test.toml");
        EXPECT_GE(problems[0].line, 1U);
    }
}

class DocumentFiles : public testing::Test {
  protected:
    void SetUp() override {
        std::string name =
            (std::filesystem::temp_directory_path() / "postern-document-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ / name; }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name)) << text;
    }
    std::string problems_of(const std::string& name) const {
        Problems problems;
        Document::load(path(name), problems);
        return texts(problems);
    }

    std::filesystem::path folder_;
};

TEST_F(DocumentFiles, AreIncludedByPatternInTheOrderOfTheirNames) {
    write("main.toml", "include = [\"*.toml\", \"more/*.toml\"]\n[[row]]\nn = \"main\"\n[s]\n");
    write("b.toml", "[[row]]\nn = \"b\"\n");
    write("a.toml", "[[row]]\nn = \"a\"\n[t.one]\n");
    write("more/c.toml", "[[row]]\nn = \"c\"\n[s]\n[t.two]\n[t.one]\n");
    Problems problems;
    const Document document = Document::load(path("main.toml"), problems);
    EXPECT_EQ(texts(problems), "");

    std::string order;
    for (Section& row : document.array("row", problems)) order += row.text("n").value_or("?") + " ";
    EXPECT_EQ(order, "main a b c ");

    document.section("s", problems);
    EXPECT_EQ(problems.size(), 1U) << "a section of two files";
    EXPECT_EQ(document.children("t", problems).size(), 2U);
    EXPECT_EQ(problems.size(), 2U) << "a key of two files";
}

TEST_F(DocumentFiles, IncludeNothingThemselvesWhenIncluded) {
    write("main.toml", "include = [\"a.toml\"]\n");
    write("a.toml", "include = [\"b.toml\"]\n");
    EXPECT_NE(problems_of("main.toml").find("an included file includes nothing"),
              std::string::npos);
}

TEST_F(DocumentFiles, ThatCannotBeReadAreProblems) {
    write("empty.toml", "");
    std::filesystem::create_directory(path("folder.toml"));
    std::filesystem::create_symlink("loop.toml", path("loop.toml"));
    ASSERT_EQ(mkfifo(path("pipe.toml").c_str(), 0600), 0);
    write("huge.toml", "a = 1\n");
    std::filesystem::resize_file(path("huge.toml"), (256U << 20) + 1);
    write("missing-include.toml", "include = [\"nowhere.toml\"]\n");
    for (const char* name : {"absent.toml", "empty.toml", "folder.toml", "loop.toml", "pipe.toml",
                             "huge.toml", "missing-include.toml"}) {
        EXPECT_EQ(problems_of(name).rfind("error: " + folder_.string(), 0), 0U) << name;
    }
}

}  // namespace

}  // namespace postern
