#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "tests/orchestrator/query/envelopes_kit.h"

namespace devs {
namespace {

TEST_CASE("TraceQueries: envelopes come verbatim, with id and time of storing") {
  QueryShelf shelf;
  const std::string odd = R"({"b":1.10,"type":"thought","a":"\u0041\/","n":100000000000000000000})";
  shelf.log.add(odd, 1'795'224'245'120);
  shelf.log.add(R"({"type":"x"})");
  const Answered answer(shelf.asked().envelopes({}));
  CHECK(answer.text() ==
        R"({"envelopes":[{"id":"5f3a9c01d2-1","stored_at":"2026-11-21T01:24:05.120Z","envelope":)" +
            odd +
            R"(},{"id":"5f3a9c01d2-2","stored_at":null,"envelope":{"type":"x"}}],)"
            R"("next":null,"oldest":"5f3a9c01d2-1","gaps":[],"total":2,"total_is_exact":true,)"
            R"("indexed_through":"5f3a9c01d2-2"})");
}

TEST_CASE("TraceQueries: an empty log has an empty answer") {
  QueryShelf shelf;
  CHECK(Answered(shelf.asked().envelopes({})).text() ==
        R"({"envelopes":[],"next":null,"oldest":"5f3a9c01d2-1","gaps":[],"total":0,)"
        R"("total_is_exact":true,"indexed_through":"5f3a9c01d2-0"})");
}

TEST_CASE(
    "[T11] TraceQueries: pages meet without gap or repeat while the log grows, in both orders") {
  for (const bool newest_first : {false, true}) {
    QueryShelf shelf;
    for (int i = 0; i < 50; ++i) add_call(shelf.log, {});
    EnvelopesQuery query;
    query.filter.types = {"action"};
    query.limit = 7;
    query.newest_first = newest_first;
    Numbers all;
    for (int page = 0; page < 100; ++page) {
      const Answered answer(shelf.asked().envelopes(query));
      const Numbers here = answer.sequences();
      all.insert(all.end(), here.begin(), here.end());
      const auto next = answer["next"].string();
      if (!next) break;
      CHECK(here.size() == 7);
      const Sequence cursor = decode_event_id(*next).value().sequence;
      if (newest_first)
        query.before = cursor;
      else
        query.after = cursor;
      if (page == 2) add_call(shelf.log, {});
    }
    Numbers expected;
    for (Sequence each = 1; each <= (newest_first ? 100u : 102u); each += 2)
      expected.push_back(each);
    if (newest_first) std::reverse(expected.begin(), expected.end());
    CHECK(all == expected);
  }
}

TEST_CASE("TraceQueries: a page that is full and the last has no next") {
  QueryShelf shelf;
  for (int i = 0; i < 3; ++i) shelf.log.add(R"({"type":"x"})");
  EnvelopesQuery query;
  query.limit = 3;
  CHECK(Answered(shelf.asked().envelopes(query))["next"].text() == "null");
  query.limit = 2;
  CHECK(Answered(shelf.asked().envelopes(query))["next"].string() == id_text(2));
}

TEST_CASE("TraceQueries: the total counts the filter, not the page nor its cursor") {
  QueryShelf shelf;
  for (int i = 0; i < 20; ++i) add_call(shelf.log, {.tool = i % 4 == 0 ? "x" : "y"});
  EnvelopesQuery query;
  query.filter.tools = {"x"};
  query.limit = 2;
  query.after = 20;
  const Answered answer(shelf.asked().envelopes(query));
  CHECK(answer.number("total") == 10);
  CHECK(answer["total_is_exact"].boolean() == true);
}

// Rows the log never had, as fast as SQLite makes them.
constexpr const char* kManyRows =
    "INSERT INTO entries(sequence,at_ms,ts_ns,stored_ms,type,tool,status,failed) "
    "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<100001) "
    "SELECT i,0,0,0,'x',iif(i%2,'odd',NULL),iif(i%2,NULL,'even'),0 FROM n";

TEST_CASE("TraceQueries: counting ends at a hundred thousand, and says so") {
  QueryShelf shelf;
  shelf.log.add(R"({"type":"x"})");
  REQUIRE(shelf.execute(kManyRows).ok());
  EnvelopesQuery query;
  query.limit = 1;
  const Answered more(shelf.asked().envelopes(query));
  CHECK(more.number("total") == 100'000);
  CHECK(more["total_is_exact"].boolean() == false);
  REQUIRE(shelf.execute("DELETE FROM entries WHERE sequence=2").ok());
  const Answered exactly(shelf.asked().envelopes(query));
  CHECK(exactly.number("total") == 100'000);
  CHECK(exactly["total_is_exact"].boolean() == true);
}

TEST_CASE(
    "TraceQueries: a question that would take too long is refused, a count or roll-up says it "
    "ended early") {
  QueryShelf shelf(std::chrono::milliseconds(0));
  shelf.log.add(R"({"type":"x"})");
  REQUIRE(shelf.execute(kManyRows).ok());
  EnvelopesQuery query;
  query.filter.statuses = {"nowhere"};
  query.limit = 1;
  CHECK(shelf.asked().envelopes(query).ok());  // by an index: no work
  query.filter.statuses = {"even"};            // half of all each, and none of both
  query.filter.tools = {"odd"};
  CHECK(shelf.asked().envelopes(query).status().code() == Code::deadline_exceeded);
  const Answered page(shelf.asked().envelopes({}));
  CHECK(page["total_is_exact"].boolean() == false);
  StatsQuery stats;
  stats.group_by = StatsGroup::type;
  const Answered rolled(shelf.asked().stats(stats));
  CHECK(rolled["is_exact"].boolean() == false);
  CHECK(rolled.number("entries") < 100'001);
}

TEST_CASE("TraceQueries: large envelopes end a page early, and the next begins there") {
  QueryShelf shelf;
  for (int i = 0; i < 12; ++i)
    shelf.log.add(R"({"type":"x","payload":{"a":")" + std::string(1u << 20u, 'x') + "\"}}");
  for (const bool newest_first : {false, true}) {
    EnvelopesQuery query;
    query.newest_first = newest_first;
    const Answered first(shelf.asked().envelopes(query));
    CHECK(first.sequences().size() == 7);
    const Sequence cursor = decode_event_id(*first["next"].string()).value().sequence;
    (newest_first ? query.before.emplace() : query.after) = cursor;
    const Answered second(shelf.asked().envelopes(query));
    CHECK(second.sequences().size() == 5);
    CHECK(second["next"].text() == "null");
  }
}

TEST_CASE("[T37] TraceQueries: page, total and what is indexed are of one moment") {
  QueryShelf shelf;
  shelf.log.add(R"({"type":"x"})");
  const TraceQueries& queries = shelf.asked();
  std::jthread writing([&shelf](const std::stop_token& stop) {
    while (!stop.stop_requested() && shelf.log.last() < 5'000) {
      shelf.log.add(R"({"type":"x"})");
      shelf.index_more();
    }
  });
  EnvelopesQuery query;
  query.newest_first = true;
  query.limit = 1;
  for (int i = 0; i < 300; ++i) {
    const Answered answer(queries.envelopes(query));
    REQUIRE(answer["indexed_through"].string() == answer.all("envelopes", "id").front());
    REQUIRE(static_cast<Sequence>(answer.number("total")) == answer.sequences().front());
  }
}

}  // namespace
}  // namespace devs
