#include "orchestrator/streams/topic_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

using namespace devs;

namespace {

const RawProjection kRawProjection;
const NamedProjection kNamedProjection;
const StreamView kRaw{&kRawProjection}, kBare{&kRawProjection, nullptr, false},
    kNamed{&kNamedProjection};

Entry entry_of(Sequence n, std::string body, std::string topics = {}) {
  Entry entry;
  entry.sequence = n;
  entry.body = std::move(body);
  entry.facts = facts_of(entry.body);
  entry.topics = std::move(topics);
  return entry;
}

Filter on(std::vector<Topic> topics) {
  Filter filter;
  filter.topics = std::move(topics);
  return filter;
}

std::multiset<std::uint64_t> found(const TopicIndex& index, const Entry& entry) {
  std::multiset<std::uint64_t> ids;
  index.each_match(entry, [&ids](const GroupPtr& group) { ids.insert(group->id); });
  return ids;
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool once_in(unsigned n) { return below(n) == 0; }
  std::string name(std::string_view prefix) {
    return std::string(prefix) + std::to_string(below(4));
  }
  std::vector<std::string> some(std::string_view prefix) {
    std::vector<std::string> names;
    for (unsigned n = once_in(3) ? 1 + below(3) : 0; n > 0; --n) names.push_back(name(prefix));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

 private:
  std::mt19937 engine_;
};

Filter any_filter(Dice& dice) {
  Filter filter;
  if (dice.once_in(2)) {
    filter.topics.clear();
    for (unsigned n = 1 + dice.below(4); n > 0; --n) {
      const auto kind = static_cast<TopicKind>(dice.below(6));
      const bool bare = kind == TopicKind::all || kind == TopicKind::graph;
      filter.topics.push_back({kind, bare                         ? ""
                                     : kind == TopicKind::channel ? "c/" + dice.name("")
                                                                  : dice.name("i")});
    }
    std::sort(filter.topics.begin(), filter.topics.end());
    filter.topics.erase(std::unique(filter.topics.begin(), filter.topics.end()),
                        filter.topics.end());
  }
  if (dice.once_in(4)) filter.task_id = dice.name("i");
  if (dice.once_in(4)) filter.session_id = dice.name("i");
  if (dice.once_in(4)) filter.agent_id = dice.name("i");
  filter.tools = dice.some("x");
  filter.agents = dice.some("i");
  filter.sessions = dice.some("i");
  if (dice.once_in(3)) filter.types = {"action", "observation"};
  return filter;
}

Entry any_entry(Dice& dice, Sequence n) {
  static const char* const kTypes[] = {"thought", "action", "observation", "channel", "graph"};
  const std::string type = kTypes[dice.below(5)];
  std::string body = R"({"type":")" + type + '"';
  for (const char* id : {"task_id", "session_id", "agent_id"})
    if (dice.once_in(2)) body += ",\"" + std::string(id) + "\":\"" + dice.name("i") + '"';
  if (type == "observation") body += R"(,"metadata":{"tool_name":")" + dice.name("x") + "\"}";
  std::string topics;
  if (dice.once_in(2)) topics = "owner:u1,channel:c/" + dice.name("");
  return entry_of(n, body + '}', topics);
}

}  // namespace

TEST_CASE("TopicIndex: a group on several topics sees each entry once") {
  TopicIndex index;
  const GroupPtr group = index.join(
      on({{TopicKind::all, ""}, {TopicKind::session, "s"}, {TopicKind::task, "t"}}), kRaw, 0);
  const Entry both = entry_of(1, R"({"type":"thought","task_id":"t","session_id":"s"})");
  CHECK(found(index, both) == std::multiset<std::uint64_t>{group->id});
  CHECK(found(index, both).empty());  // compared already
  CHECK(found(index, entry_of(2, both.body)).size() == 1);
}

TEST_CASE("TopicIndex: a topic has a number while somebody follows it") {
  TopicIndex index;
  const Filter filter = on({{TopicKind::session, "s"}, {TopicKind::task, "t"}});
  const GroupPtr one = index.join(filter, kRaw, 0);
  CHECK(index.join(filter, kRaw, 0) == one);
  CHECK(index.join(filter, kBare, 0) != one);
  CHECK(index.join(filter, kNamed, 0) != one);
  CHECK(index.topics() == 2);
  CHECK(index.size() == 3);
  const GroupPtr other = index.join(on({{TopicKind::task, "t"}}), kRaw, 0);
  CHECK(index.topics() == 2);
  index.leave(one);
  CHECK(index.size() == 4);
  index.leave(one);
  CHECK(index.size() == 3);
  std::vector<GroupPtr> left;
  index.each([&left](const GroupPtr& group) { left.push_back(group); });
  for (const GroupPtr& group : left) index.leave(group);
  CHECK(index.topics() == 0);
  CHECK(index.size() == 0);
  CHECK(found(index, entry_of(9, R"({"type":"thought","task_id":"t"})")).empty());
}

TEST_CASE("TopicIndex: a group that stands apart is found by no entry") {
  TopicIndex index;
  const GroupPtr apart = index.apart(Filter(), kRaw);
  CHECK(found(index, entry_of(1, R"({"type":"thought"})")).empty());
  index.leave(apart);
  CHECK(index.size() == 0);
}

TEST_CASE("TopicIndex: whatever filters and entries there are, it finds what comparing all finds") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    TopicIndex index;
    std::vector<GroupPtr> groups;
    for (Sequence n = 1; n <= 400; ++n) {
      if (dice.once_in(4)) groups.push_back(index.join(any_filter(dice), kRaw, n));
      if (dice.once_in(6) && !groups.empty()) {
        const unsigned at = dice.below(static_cast<unsigned>(groups.size()));
        index.leave(groups[at]);
        groups.erase(groups.begin() + at);
      }
      const Entry entry = any_entry(dice, n);
      std::multiset<std::uint64_t> expected;
      std::set<std::uint64_t> seen;
      for (const GroupPtr& group : groups)
        if (seen.insert(group->id).second && group->filter.matches(entry))
          expected.insert(group->id);
      REQUIRE(found(index, entry) == expected);
    }
  }
}
