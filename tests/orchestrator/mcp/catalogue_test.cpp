#include "orchestrator/mcp/catalogue.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/support/fake_clock.h"

namespace devs {
namespace {

class NamedTool final : public Tool {
 public:
  explicit NamedTool(std::string_view name)
      : spec_(make_tool_spec(name, "", R"({"type":"object"})")) {}
  const ToolSpec& spec() const override { return spec_; }
  void start(ToolRun, ToolDone done) override { done(text_outcome("")); }

 private:
  const ToolSpec spec_;
};

void add(ToolRegistry& tools, int from, int to) {
  for (int i = from; i < to; ++i) {
    REQUIRE(tools.add(std::make_shared<NamedTool>("t" + std::to_string(i))).ok());
  }
}

struct Page {
  std::vector<std::string> names;
  std::string next;
};
Page page_of(const Result<std::string>& text) {
  REQUIRE(text.ok());
  Page page;
  JsonView(*text)["tools"].each_element(
      [&page](JsonView tool) { page.names.push_back(tool["name"].string().value_or("")); });
  page.next = JsonView(*text)["nextCursor"].string().value_or("");
  return page;
}

TEST_CASE("Catalogue: pages together are the list, once and in order") {
  ToolRegistry tools;
  add(tools, 0, 7);
  Catalogue catalogue(tools, 3);
  const FakeClock clock;
  std::vector<std::string> all;
  Page page = page_of(catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady()));
  all = page.names;
  int pages = 1;
  while (!page.next.empty()) {
    const std::string cursor = page.next;
    page = page_of(catalogue.tools_page("local", &cursor, kLatestLegacy, clock.steady()));
    all.insert(all.end(), page.names.begin(), page.names.end());
    ++pages;
  }
  CHECK(pages == 3);
  CHECK(all == std::vector<std::string>{"t0", "t1", "t2", "t3", "t4", "t5", "t6"});
}

TEST_CASE("Catalogue: a list that fits has no cursor, an empty one is a list") {
  ToolRegistry tools;
  Catalogue catalogue(tools, 3);
  const FakeClock clock;
  CHECK(
      page_of(catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady())).names.empty());
  add(tools, 0, 3);
  const Page page = page_of(catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady()));
  CHECK(page.names.size() == 3);
  CHECK(page.next.empty());
}

TEST_CASE("Catalogue: a list that changes while it is paged is read to its end") {
  ToolRegistry tools;
  add(tools, 0, 4);
  Catalogue catalogue(tools, 2);
  FakeClock clock;
  const std::string cursor =
      page_of(catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady())).next;
  add(tools, 4, 6);
  const Page old = page_of(catalogue.tools_page("local", &cursor, kLatestLegacy, clock.steady()));
  CHECK(old.names == std::vector<std::string>{"t2", "t3"});
  CHECK(old.next.empty());

  clock.advance(Catalogue::kCursorLife + std::chrono::milliseconds(1));
  CHECK_FALSE(catalogue.tools_page("local", &cursor, kLatestLegacy, clock.steady()).ok());
}

TEST_CASE("Catalogue: a bounded number of old lists is kept") {
  ToolRegistry tools;
  add(tools, 0, 2);
  Catalogue catalogue(tools, 1);
  const FakeClock clock;
  const std::string first =
      page_of(catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady())).next;
  for (int i = 0; i < static_cast<int>(Catalogue::kMaxSnapshots); ++i) {
    CHECK(catalogue.tools_page("local", &first, kLatestLegacy, clock.steady()).ok());
    add(tools, 10 + i, 11 + i);
    (void)catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady());
  }
  CHECK_FALSE(catalogue.tools_page("local", &first, kLatestLegacy, clock.steady()).ok());
}

TEST_CASE("Catalogue: a cursor we did not give to this principal is invalid") {
  ToolRegistry tools;
  add(tools, 0, 4);
  Catalogue catalogue(tools, 2);
  Catalogue other_process(tools, 2);
  const FakeClock clock;
  const std::string good =
      page_of(catalogue.tools_page("local", nullptr, kLatestLegacy, clock.steady())).next;
  REQUIRE_FALSE(good.empty());
  CHECK_FALSE(catalogue.tools_page("other", &good, kLatestLegacy, clock.steady()).ok());
  CHECK_FALSE(other_process.tools_page("local", &good, kLatestLegacy, clock.steady()).ok());
  std::vector<std::string> wrong{
      "", " ", "x", "1", "..", "4.2.", good + "0", good.substr(1), good.substr(0, good.size() - 1)};
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string altered = good;
    altered[at] = altered[at] == '1' ? '2' : '1';
    wrong.push_back(altered);
  }
  for (const std::string& cursor : wrong) {
    CAPTURE(cursor);
    const auto refused = catalogue.tools_page("local", &cursor, kLatestLegacy, clock.steady());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.status().code() == Code::invalid_argument);
  }
}

}  // namespace
}  // namespace devs
