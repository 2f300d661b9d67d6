// What an answer says of entries the log no longer has.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/orchestrator/query/envelopes_kit.h"

namespace devs {
namespace {

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

}  // namespace
}  // namespace devs
