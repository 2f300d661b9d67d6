#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {
namespace {

using Numbers = std::vector<Sequence>;

Numbers found_by(QueryShelf& shelf, QueryFilter filter) {
  EnvelopesQuery query;
  query.filter = std::move(filter);
  query.limit = kMaxPageEntries;
  return Answered(shelf.asked().envelopes(query)).sequences();
}
Numbers search(QueryShelf& shelf, std::string text) {
  QueryFilter filter;
  filter.text = std::move(text);
  return found_by(shelf, std::move(filter));
}

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

TEST_CASE("TraceQueries: what the log lost is shown as lost, by its reason") {
  QueryShelf shelf;
  for (int i = 0; i < 4; ++i) shelf.log.add(R"({"type":"x"})");
  shelf.asked();
  shelf.log.lose(2, 3, LossReason::corrupt);
  const Answered answer(shelf.asked().envelopes({}));
  CHECK(answer.sequences() == Numbers{1, 2, 3, 4});
  CHECK(answer.all("envelopes", "lost") == std::vector<std::string>{"", "corrupt", "corrupt", ""});
}

TEST_CASE("TraceQueries: what retention took is neither listed nor counted, trimmed yet or not") {
  QueryShelf shelf;
  for (int i = 0; i < 10; ++i) shelf.log.add(R"({"type":"x","payload":{"word":"whale"}})");
  shelf.asked();
  shelf.log.drop_before(8);
  CHECK(found_by(shelf, {}) == Numbers{8, 9, 10});
  CHECK(search(shelf, "whale") == Numbers{8, 9, 10});
  CHECK(Answered(shelf.asked().envelopes({})).number("total") == 3);
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

// {"from":n,"to":n,"reason":r} of an answer, as text.
std::vector<std::string> gaps_of(const Answered& answer) {
  std::vector<std::string> gaps;
  answer["gaps"].each_element([&gaps](JsonView gap) {
    const auto number = [&gap](std::string_view name) {
      return std::to_string(decode_event_id(gap[name].string().value_or("")).value().sequence);
    };
    gaps.push_back(number("from") + "-" + number("to") + " " + *gap["reason"].string());
  });
  return gaps;
}
using Texts = std::vector<std::string>;

TEST_CASE("[T37] TraceQueries: what was lost before it was indexed is declared as a gap") {
  QueryShelf shelf;
  for (int i = 0; i < 20; ++i) shelf.log.add(R"({"type":"x"})");
  shelf.log.lose(4, 6, LossReason::corrupt);
  shelf.log.lose(12, 12, LossReason::recorder);
  EnvelopesQuery query;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) ==
        Texts{"4-6 corrupt", "12-12 recorder"});
  query.limit = 3;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{});
  query.after = 3;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{"4-6 corrupt"});
  query.after = 4;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{"5-6 corrupt"});
  query.after = 9;
  query.before = 12;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{});
  query = {};
  query.newest_first = true;
  query.limit = 9;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{"12-12 recorder"});
  query.filter.types = {"nothing"};
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))).size() == 2);
}

TEST_CASE("[T37] TraceQueries: an id that retention took is answered with a gap, never a jump") {
  QueryShelf shelf;
  for (int i = 0; i < 10; ++i) shelf.log.add(R"({"type":"x"})");
  shelf.log.drop_before(6);
  EnvelopesQuery query;
  const Answered all(shelf.asked().envelopes(query));
  CHECK(all["oldest"].string() == id_text(6));
  CHECK(gaps_of(all) == Texts{});  // from the oldest kept on: nothing was skipped
  query.after = 2;
  const Answered resumed(shelf.asked().envelopes(query));
  CHECK(resumed.sequences() == Numbers{6, 7, 8, 9, 10});
  CHECK(gaps_of(resumed) == Texts{"3-5 expired"});
  query.after = 5;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{});
  query = {};
  query.before = 4;
  query.newest_first = true;
  CHECK(gaps_of(Answered(shelf.asked().envelopes(query))) == Texts{"1-3 expired"});
  shelf.log.drop_before(11);
  query = {};
  query.after = 7;
  const Answered none(shelf.asked().envelopes(query));
  CHECK(none["oldest"].string() == id_text(11));
  CHECK(gaps_of(none) == Texts{"8-10 expired"});
}

TEST_CASE("TraceQueries: a principal is shown what it published, nothing else") {
  QueryShelf shelf;
  shelf.log.add(action_of({.session = "s"}), 0, "owner:u1");
  shelf.log.add(action_of({.session = "s"}), 0, "owner:u2");
  shelf.log.add(action_of({.session = "s"}));
  QueryFilter filter;
  filter.owner = "u1";
  CHECK(found_by(shelf, filter) == Numbers{1});
  filter.text = "read_file";
  CHECK(found_by(shelf, filter) == Numbers{1});
  SessionsQuery sessions;
  sessions.owner = "u2";
  CHECK(Answered(shelf.asked().sessions(sessions)).all("sessions", "entries") ==
        std::vector<std::string>{"1"});
  sessions.owner = "u3";
  CHECK(Answered(shelf.asked().sessions(sessions)).number("total") == 0);
  TaskTreeQuery tree;
  tree.task = "t-1";
  tree.owner = "u3";
  CHECK(shelf.asked().task_tree(tree).status().code() == Code::not_found);
  StatsQuery stats;
  stats.filter.owner = "u1";
  CHECK(Answered(shelf.asked().stats(stats)).number("entries") == 1);
}

// The filters of the streams, told from facts alone.
bool admits(const QueryFilter& filter, const EnvelopeFacts& facts) {
  const auto any = [](const std::vector<std::string>& values, const std::string& value) {
    return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
  };
  const auto is = [](const std::string& wanted, const std::string& fact) {
    return wanted.empty() || wanted == fact;
  };
  const auto followed = [&facts](const std::string& topic) {
    return topic == "task:" + facts.task_id || topic == "session:" + facts.session_id ||
           topic == "agent:" + facts.agent_id;
  };
  return facts.type != "channel" && facts.type != "graph" && is(filter.task_id, facts.task_id) &&
         is(filter.session_id, facts.session_id) && is(filter.agent_id, facts.agent_id) &&
         (filter.topics.empty() ||
          std::any_of(filter.topics.begin(), filter.topics.end(), followed)) &&
         any(filter.types, facts.type) && any(filter.tools, facts.tool) &&
         any(filter.agents, facts.agent_id) && any(filter.sessions, facts.session_id) &&
         any(filter.tasks, facts.task_id) && any(filter.statuses, facts.status) &&
         (!filter.min_duration_ms ||
          (facts.duration_ms && *facts.duration_ms >= *filter.min_duration_ms));
}

TEST_CASE("TraceQueries: a filter finds exactly the entries whose facts it admits") {
  std::mt19937 random(31);
  const auto one_of = [&random](std::vector<std::string> values) {
    return values[random() % values.size()];
  };
  QueryShelf shelf;
  for (int i = 0; i < 900; ++i) {
    TestCall call{.id = "c-" + std::to_string(i),
                  .tool = one_of({"read_file", "grep", "a'b", "日本"}),
                  .task = one_of({"t-1", "t-2", "bad id"}),
                  .session = one_of({"s-1", "s-2", ""}),
                  .agent = one_of({"a-1", "a-2"}),
                  .thought = "h",
                  .status = one_of({"SUCCESS", "TOOL_ERROR", "TIMEOUT_EXCEEDED"}),
                  .duration_ms = static_cast<double>(random() % 1000)};
    switch (random() % 5) {
      case 0:
        shelf.log.add(thought_of(call, "think"));
        break;
      case 1:
        shelf.log.add(action_of(call));
        break;
      case 2:
        shelf.log.add(observation_of(call));
        break;
      case 3:
        shelf.log.add(R"({"type":"channel","agentId":"a-1"})");
        break;
      default:
        shelf.log.add(R"({"type":")" + one_of({"THOUGHT", "odd,type", "hitl"}) +
                      R"(","taskId":"t-2"})");
    }
  }
  for (int round = 0; round < 300; ++round) {
    QueryFilter filter;
    const auto maybe = [&](std::vector<std::string>& list, const std::vector<std::string>& values) {
      if (random() % 3 != 0) return;
      for (std::size_t n = 1 + random() % 3; n > 0; --n) list.push_back(one_of(values));
    };
    maybe(filter.types, {"thought", "action", "observation", "THOUGHT", "channel", "odd,type"});
    maybe(filter.tools, {"read_file", "grep", "a'b", "日本", "nothing"});
    maybe(filter.tasks, {"t-1", "t-2"});
    maybe(filter.sessions, {"s-1", "s-2"});
    maybe(filter.agents, {"a-1", "a-2", "a-3"});
    maybe(filter.statuses, {"SUCCESS", "TOOL_ERROR"});
    maybe(filter.topics, {"task:t-1", "task:t-9", "session:s-1", "agent:a-2"});
    if (random() % 6 == 0) filter.task_id = one_of({"t-1", "t-2"});
    if (random() % 6 == 0) filter.session_id = one_of({"s-1", "s-3"});
    if (random() % 6 == 0) filter.agent_id = one_of({"a-1", "a-2"});
    if (random() % 4 == 0) filter.min_duration_ms = static_cast<double>(random() % 1000);
    Numbers expected;
    for (Sequence each = 1; each <= shelf.log.last(); ++each)
      if (admits(filter, facts_of(shelf.log.body(each)))) expected.push_back(each);
    CHECK(found_by(shelf, filter) == expected);
  }
}

TEST_CASE("TraceQueries: a time range is from its begin to before its end") {
  QueryShelf shelf;
  for (int ms = 1000; ms < 1005; ++ms) shelf.log.add(R"({"type":"x"})", ms);
  shelf.log.add(R"({"type":"x","timestamp_ns":"1003000000"})");
  QueryFilter filter;
  filter.from_ms = 1001;
  filter.to_ms = 1004;
  CHECK(found_by(shelf, filter) == Numbers{2, 3, 4, 6});
}

TEST_CASE(
    "[T37] TraceQueries: pages and gaps are the log once, while it grows, loses and is trimmed") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    QueryShelf shelf;
    const auto grow = [&shelf, &random](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i)
        shelf.log.add(random() % 3 == 0 ? R"({"type":"x"})" : R"({"type":"y"})");
    };
    grow(60);
    shelf.log.lose(20, 20 + random() % 9, LossReason::corrupt);
    EnvelopesQuery query;
    query.filter.types = {"x"};
    query.after = 1;
    std::map<Sequence, int> told;
    Sequence last = 0;
    for (bool more = true; more;) {
      const Answered answer(shelf.asked().envelopes(query));
      for (const Sequence each : answer.sequences()) ++told[each];
      answer["gaps"].each_element([&told](JsonView gap) {
        const auto end = [&gap](std::string_view name) {
          return decode_event_id(gap[name].string().value_or("")).value().sequence;
        };
        for (Sequence each = end("from"); each <= end("to"); ++each) ++told[each];
      });
      const auto next = answer["next"].string();
      more = next.has_value();
      last = decode_event_id(answer["indexed_through"].string().value_or("")).value().sequence;
      if (more) query.after = decode_event_id(*next).value().sequence;
      query.limit = 1 + random() % 9;
      if (shelf.log.last() < 200) grow(random() % 20);
      if (random() % 4 == 0)
        shelf.log.drop_before(std::min<Sequence>(shelf.log.oldest() + random() % 40, last));
    }
    for (Sequence each = 2; each <= last; ++each) {
      CAPTURE(seed);
      CAPTURE(each);
      const bool wanted = shelf.log.body(each).find("\"x\"") != std::string::npos;
      CHECK(told[each] <= 1);
      if (wanted) CHECK(told[each] == 1);
    }
  }
}

TEST_CASE("[T38] TraceQueries: a time range finds what was stored in it, whatever the clock did") {
  std::mt19937 random(7);
  QueryShelf shelf;
  std::int64_t now = 1'000'000;
  for (int i = 0; i < 12'000; ++i) {
    now += static_cast<std::int64_t>(random() % 100);
    if (random() % 500 == 0) now += 20'000 - static_cast<std::int64_t>(random() % 40'000);
    shelf.log.add(random() % 7 == 0 ? R"({"type":"channel"})" : R"({"type":"x"})", now);
  }
  shelf.log.lose(4'000, 6'200, LossReason::corrupt);
  for (int round = 0; round < 200; ++round) {
    QueryFilter filter;
    const auto any_time = [&random] {
      return 950'000 + static_cast<std::int64_t>(random() % 700'000);
    };
    if (round % 3 != 1) filter.from_ms = any_time();
    if (round % 3 != 2) filter.to_ms = any_time();
    EnvelopesQuery query{.filter = filter, .before = {}};
    Numbers expected, found;
    for (Sequence each = 1; each <= shelf.log.last(); ++each) {
      const std::int64_t ms = shelf.log.stored_ms(each);
      if ((each < 4'000 || each > 6'200) &&
          shelf.log.body(each).find("channel") == std::string::npos &&
          (!filter.from_ms || ms >= *filter.from_ms) && (!filter.to_ms || ms < *filter.to_ms))
        expected.push_back(each);
    }
    query.limit = kMaxPageEntries;
    for (bool more = true; more;) {
      const Answered answer(shelf.asked().envelopes(query));
      const Numbers here = answer.sequences();
      found.insert(found.end(), here.begin(), here.end());
      const auto next = answer["next"].string();
      more = next.has_value();
      if (more) query.after = decode_event_id(*next).value().sequence;
    }
    CHECK(found == expected);
  }
}

TEST_CASE("TraceQueries: a search finds entries that have all its words") {
  QueryShelf shelf;
  shelf.log.add(thought_of({.thought = "h-1"}, "The white whale breaches"));
  shelf.log.add(action_of({.arguments = R"({"path":"src/white_whale.cc"})"}));
  shelf.log.add(observation_of({.status = "TOOL_ERROR", .err = "no whale here"}));
  CHECK(search(shelf, "whale") == Numbers{1, 2, 3});
  CHECK(search(shelf, "WHALE white") == Numbers{1, 2});
  CHECK(search(shelf, "src/white_whale.cc") == Numbers{2});
  CHECK(search(shelf, "TOOL_ERROR") == Numbers{3});
  CHECK(search(shelf, "read_file") == Numbers{2, 3});
  CHECK(search(shelf, "whal") == Numbers{});
  CHECK(search(shelf, "c-1 whale") == Numbers{2, 3});
  QueryFilter filter;
  filter.text = "whale";
  filter.types = {"action"};
  CHECK(found_by(shelf, filter) == Numbers{2});
}

TEST_CASE("TraceQueries: a search is words, never a syntax") {
  QueryShelf shelf;
  shelf.log.add(thought_of({.thought = "h-1"}, "alpha beta"));
  shelf.log.add(thought_of({.thought = "h-1"}, "alpha OR NOT NEAR AND gamma"));
  CHECK(search(shelf, "alpha OR gamma") == Numbers{2});
  CHECK(search(shelf, "alpha NOT beta") == Numbers{});
  CHECK(search(shelf, "\"alpha beta") == Numbers{1});
  CHECK(search(shelf, "alph*") == Numbers{});
  CHECK(search(shelf, "text:alpha") == Numbers{});
  CHECK(search(shelf, "— alpha") == Numbers{1, 2});
  for (const char* hostile : {"\"",
                              "\"\"\"a",
                              "a\"",
                              "(a",
                              "a)",
                              "a^",
                              "^a",
                              "{a b}:c",
                              "-a",
                              "+a",
                              "a AND",
                              "NEAR(a b, 2)",
                              "'; DROP TABLE entries; --",
                              "a\\",
                              "%",
                              "_",
                              "?1",
                              ":a",
                              "@a",
                              "$a",
                              "a*b**",
                              "\xe2\x80\x94",
                              "\xf0\x9f\x98\x80",
                              "AND OR NOT",
                              "rowid:1",
                              "text : a",
                              "a\tb\nc"})
    (void)search(shelf, hostile);  // which requires an answer
}

}  // namespace
}  // namespace devs
