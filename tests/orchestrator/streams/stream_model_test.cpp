#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/streams/stream_query.h"
#include "tests/orchestrator/streams/stream_desk.h"
#include "tests/support/dice.h"

// A seeded life of a whole house of readers, and an oracle that knows what each of
// them must have got.  DEVS_MODEL_RUNS sets how many seeds, DEVS_MODEL_SEED the first.

using namespace devs;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kRuns = 60;
#else
constexpr std::uint64_t kRuns = 300;
#endif
constexpr int kSteps = 120;

// What happened, kept apart from what is tested.
struct World {
  StreamDesk& desk;
  std::vector<Entry> entries;  // n is at n - 1

  void publish(Dice& dice) {
    static const std::vector<std::string> kTypes{"thought", "action", "observation", "channel",
                                                 "graph"};
    static const std::vector<std::string> kIds{"a", "b", "c"};
    Entry entry;
    entry.sequence = entries.size() + 1;
    const std::string& type = dice.one_of(kTypes);
    entry.body = R"({"type":")" + type + R"(","n":)" + std::to_string(entry.sequence);
    for (const char* id : {"task_id", "session_id"})
      if (dice.once_in(2))
        entry.body += ",\"" + std::string(id) + "\":\"" + dice.one_of(kIds) + '"';
    if (type == "observation")
      entry.body += R"(,"duration_ms":)" + std::to_string(dice.below(20)) +
                    R"(,"metadata":{"tool_name":")" + dice.one_of(kIds) + "\"}";
    entry.body += '}';
    if (type == "channel") entry.topics = "owner:u1,channel:debates/" + dice.one_of(kIds);
    entry.facts = facts_of(entry.body);
    CHECK(desk.publish(entry.body, entry.topics) == entry.sequence);
    entries.push_back(std::move(entry));
  }
  void break_something(Dice& dice) {
    const std::size_t size = entries.size();
    if (size == 0) return;
    switch (dice.below(3)) {
      case 0:
        if (size > 40) desk.log->drop_before(size - 20 - dice.below(20));
        break;
      case 1:
        desk.log->corrupt(1 + dice.below(size));
        break;
      default:
        desk.log->never_stored(1 + dice.below(size));
    }
  }
};

// One client: it is gone and comes back, and checks everything it is given.
class Client {
 public:
  Client(World& world, Dice& dice) : world_(world), dice_(dice) {}

  bool connected() const { return reader_ != nullptr; }
  const std::string& wrong() const { return wrong_; }

  void connect() {
    set_ = {};
    DeskReader::Query query;
    add_filters(query);
    std::string id = any_id();
    const bool by_header = dice_.once_in(2) && id != "earliest" && id != "latest";
    if (!by_header && !id.empty()) query.emplace_back("lastEventId", id);
    const Sequence head = world_.entries.size(), oldest = world_.desk.log->oldest();
    std::string reset;
    covered_ = begin(id, head, oldest, reset);
    through_.reset();
    std::string_view path = "/trace/stream";
    if (dice_.once_in(6)) {
      path = "/trace/replay";
      covered_ = begin_replay(query, id, head, oldest, reset);
    }
    reader_ = std::make_unique<DeskReader>(
        world_.desk, std::move(query),
        DeskReader::Options{.path = path, .last_event_id = by_header ? id : std::string()});
    const bool to_the_end = through_ && reset.empty() && id.ends_with("-end");
    if (to_the_end && reader_->refusal.status != 204) return fail("seen to the end, and no 204");
    if (reader_->refusal.status == 204) {
      if (!through_ || (covered_ < *through_ && !to_the_end)) fail("204 before the end");
      reader_ = nullptr;
      return;
    }
    if (reader_->refusal.status != 0) return fail("refused");
    if (reset.empty()) return;
    reader_->pull(1);
    if (reader_->events.empty() || reader_->events[0].event != "reset" ||
        JsonView(reader_->events[0].data)["reason"].string() != reset)
      return fail("no reset for " + id);
    reader_->events.erase(reader_->events.begin());
    take_events();
  }
  void pull() {
    reader_->pull(1 + dice_.below(600));
    take_events();
    if (reader_ && reader_->ended) finish_replay();
  }
  void die() { reader_ = nullptr; }

  void change_topics() {
    Filter next = set_;
    next.topics = any_topics();
    std::optional<Sequence> from;
    reader_->ask([&](StreamReader* stream) { from = stream->follow(next.topics); });
    if (!from || *from <= covered_) return fail("topics held from within the past");
    cover(*from - 1);  // under the old set
    set_ = next;
  }
  // Until it has everything there is.
  void settle() {
    if (!connected()) return;
    const bool done = reader_->pull_while([this] {
      take_events();
      return reader_ && (through_ ? !reader_->ended : lag() > 0);
    });
    take_events();
    if (!reader_) return;
    if (reader_->ended) return finish_replay();
    if (!done) return fail("never got all of it");
    cover(world_.entries.size());
  }

 private:
  void fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
    reader_ = nullptr;
  }
  bool matches(Sequence n) const {
    return set_.matches(world_.entries[static_cast<std::size_t>(n - 1)]);
  }
  // Nothing up to here is missing.
  void cover(Sequence through) {
    for (Sequence n = covered_ + 1; n <= through; ++n)
      if (matches(n)) return fail(std::to_string(n) + " was passed over");
    covered_ = std::max(covered_, through);
  }

  std::uint64_t lag() {
    std::uint64_t entries = 0;
    reader_->ask([&entries](StreamReader* stream) { entries = stream->report().lag_entries; });
    return entries;
  }

  void take_events() {
    if (!reader_) return;
    std::vector<SseParser::Event> events;
    events.swap(reader_->events);
    for (const SseParser::Event& event : events) {
      if (!reader_) return;
      last_ = event.id;
      if (event.event == "replay_end") continue;
      const Sequence n = decode_event_id(event.id).value().sequence;
      const JsonView data(event.data);
      if (event.event == "gap") {
        take_gap(decode_event_id(data["from"].string().value_or("")).value().sequence, n,
                 data["count"].integer().value_or(0));
        continue;
      }
      if (n <= covered_) return fail(std::to_string(n) + " came again");
      cover(n - 1);
      if (!reader_) return;
      if (!matches(n)) return fail(std::to_string(n) + " does not match");
      if (event.data != world_.entries[static_cast<std::size_t>(n - 1)].body)
        return fail(std::to_string(n) + " is not what was published");
      covered_ = n;
    }
  }
  void take_gap(Sequence from, Sequence to, std::int64_t count) {
    if (from <= covered_ || to < from) return fail("a gap in the past");
    if (static_cast<Sequence>(count) != to - from + 1) return fail("a gap that miscounts");
    cover(from - 1);
    if (!reader_) return;
    for (Sequence n = from; n <= to; ++n)
      if (!world_.desk.log->lost(n)) return fail(std::to_string(n) + " was not lost");
    covered_ = to;
  }
  void finish_replay() {
    if (!through_) return fail("an end without a replay");
    cover(*through_);
    reader_ = nullptr;
  }

  static Result<EventId> place_of(const std::string& id) {
    return decode_event_id(id.ends_with("-end") ? id.substr(0, id.size() - 4) : id);
  }
  // The declared answer to each kind of id: where it begins, and with which reset.
  static Sequence begin(const std::string& id, Sequence head, Sequence oldest, std::string& reset) {
    if (id.empty() || id == "latest") return head;
    if (id == "earliest") return oldest - 1;
    const auto parsed = place_of(id);
    if (!parsed.ok()) {
      reset = "malformed";
    } else if (parsed->epoch != kEpoch) {
      reset = "epoch";
    } else if (parsed->sequence > head) {
      reset = "future";
    } else {
      return parsed->sequence;
    }
    return head;
  }
  Sequence begin_replay(DeskReader::Query& query, const std::string& id, Sequence head,
                        Sequence oldest, const std::string& reset) {
    query.emplace_back("speed", "max");
    Sequence from = oldest;
    through_ = head;
    if (head > 0 && dice_.once_in(2)) {
      from = 1 + dice_.below(head);
      query.emplace_back("from", encode_event_id(kEpoch, from));
    }
    if (head > 0 && dice_.once_in(2)) {
      through_ = 1 + dice_.below(head);
      query.emplace_back("to", encode_event_id(kEpoch, *through_));
    }
    const auto parsed = place_of(id);
    return reset.empty() && parsed.ok() ? std::max(parsed->sequence, from - 1) : from - 1;
  }

  std::string any_id() {
    const Sequence head = world_.entries.size();
    switch (dice_.below(10)) {
      case 0:
        return "";
      case 1:
        return "earliest";
      case 2:
        return "latest";
      case 3:
        return encode_event_id(kEpoch, head + 1 + dice_.below(5));
      case 4:
        return encode_event_id("aaaaaaaaaa", 1);
      case 5:
        return "garbage " + std::to_string(dice_.below(9));
      case 6:
        return encode_event_id(kEpoch, dice_.below(head + 1));
      default:
        return last_;  // what a client does that comes back
    }
  }
  std::vector<Topic> any_topics() {
    static const std::vector<std::string> kAll{"all",
                                               "task:a",
                                               "task:b",
                                               "task:c",
                                               "session:a",
                                               "session:b",
                                               "session:c",
                                               "graph",
                                               "channel:debates/a",
                                               "channel:debates/b"};
    std::vector<std::string> texts;
    for (std::size_t n = 1 + dice_.below(4); n > 0; --n) texts.push_back(dice_.one_of(kAll));
    std::vector<Topic> topics;
    if (!settle_topics(texts, false, topics)) std::abort();
    return topics;
  }
  void add_filters(DeskReader::Query& query) {
    if (dice_.once_in(2)) {
      set_.topics = any_topics();
      std::string list;
      for (const Topic& topic : set_.topics) list += (list.empty() ? "" : ",") + text_of(topic);
      query.emplace_back("topics", list);
    }
    if (dice_.once_in(4)) {
      set_.tools = {"a", "b"};
      query.emplace_back("tool", "a,b");
    }
    if (dice_.once_in(4)) {
      set_.types = {"action", "observation"};
      query.emplace_back("type", "action,observation");
    }
    if (dice_.once_in(6)) {
      set_.min_duration_ms = 10;
      query.emplace_back("min_duration_ms", "10");
    }
  }

  World& world_;
  Dice& dice_;
  std::unique_ptr<DeskReader> reader_;
  Filter set_;                       // what holds now
  Sequence covered_ = 0;             // everything up to here was delivered, declared, or not wanted
  std::optional<Sequence> through_;  // of a replay
  std::string last_;                 // newest id seen, over all its lives
  std::string wrong_;
};

std::string live(std::uint64_t seed) {
  Dice dice(seed);
  StreamDesk desk({.ring = 4 + dice.below(60), .queue = 1 + dice.below(64), .threads = 1});
  World world{desk, {}};
  std::vector<std::unique_ptr<Client>> clients;
  for (int n = 0; n < 3; ++n) clients.push_back(std::make_unique<Client>(world, dice));
  for (int step = 0; step < kSteps; ++step) {
    Client& client = *clients[dice.below(3)];
    switch (dice.below(10)) {
      case 0:
      case 1:
      case 2:
        for (std::size_t n = dice.below(12); n > 0; --n) world.publish(dice);
        break;
      case 3:
        if (dice.once_in(3)) world.break_something(dice);
        break;
      case 4:
        desk.turn();
        break;
      case 5:
        if (client.connected()) client.change_topics();
        break;
      case 6:
        if (client.connected() && dice.once_in(4)) client.die();
        break;
      default:
        client.connected() ? client.pull() : client.connect();
    }
    for (const auto& each : clients)
      if (!each->wrong().empty()) return each->wrong();
  }
  for (const auto& client : clients) client->settle();
  for (const auto& client : clients)
    if (!client->wrong().empty()) return client->wrong();
  return {};
}

}  // namespace

TEST_CASE(
    "[SX.1] model: whatever readers do and the log loses, all that matches is delivered or "
    "declared, once, in order") {
  const std::uint64_t first = number_from("DEVS_MODEL_SEED", 1);
  const std::uint64_t runs = number_from("DEVS_MODEL_RUNS", kRuns);
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    const std::string wrong = live(seed);
    CAPTURE(seed);
    REQUIRE(wrong == "");
  }
}
