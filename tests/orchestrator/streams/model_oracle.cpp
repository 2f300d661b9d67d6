#include "tests/orchestrator/streams/model_oracle.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "tests/support/naive_sse_parser.h"

namespace devs {
namespace {

using Block = NaiveSseParser::Block;

const std::string kFirstFrames = ": connected\n\nretry: 2000\n\n";

// The text between `before` and the next quote or brace.
std::string between(const std::string& text, const std::string& before) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const std::size_t from = at + before.size();
  return text.substr(from, text.find_first_of("\"},", from) - from);
}

std::optional<Sequence> digits(std::string_view text) {
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  Sequence value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<Sequence>(c - '0');
  }
  return value;
}

class Judge {
 public:
  Judge(const ModelLife& life, const ModelStory& story) : life_(life), story_(story) {}

  std::string verdict() {
    if (life_.status == 204) {
      refused();
    } else if (life_.status != 200) {
      fail("status " + std::to_string(life_.status));
    } else {
      streamed();
    }
    return wrong_;
  }

 private:
  void fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  bool well() const { return wrong_.empty(); }

  // --- where it begins ---

  // Of an id, and of the id that ends a replay.
  std::optional<Sequence> place_of(std::string_view id) const {
    if (!id.starts_with(story_.epoch + '-')) return std::nullopt;
    return digits(plain(id).substr(story_.epoch.size() + 1));
  }
  static bool is_end(std::string_view id) { return id.ends_with("-end"); }
  static std::string_view plain(std::string_view id) {
    return is_end(id) ? id.substr(0, id.size() - 4) : id;
  }
  // Which reset is due; empty: none.
  std::string due_reset() const {
    if (life_.id_twice) return "malformed";
    if (!life_.id) return "";
    const std::string_view id = plain(*life_.id);
    const std::size_t dash = id.find('-');
    const bool well_formed = life_.id->size() <= 64 && dash == 10 && digits(id.substr(dash + 1)) &&
                             std::all_of(id.begin(), id.begin() + 10, [](char c) {
                               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                             });
    if (!well_formed) return "malformed";
    const auto place = place_of(id);
    if (!place) return "epoch";
    return *place > head_ ? "future" : "";
  }
  std::optional<Sequence> resumed() const {
    if (life_.id_twice || !life_.id || !due_reset().empty()) return std::nullopt;
    return place_of(*life_.id);
  }
  // "From the oldest kept" is a place that moves while one asks for it: what was
  // not kept any more when the answer came need not be declared.
  void from_oldest() {
    covered_ = life_.gone_before;
    slack_ = life_.expired_after;
  }
  void begin() {
    if (life_.replay && resumed() && is_end(*life_.id))
      fail("a stream for one who has seen the end");
    through_ = life_.to.value_or(head_);
    const auto after = resumed();
    covered_ = head_;
    if (life_.replay) {
      if (life_.from) {
        covered_ = std::max<Sequence>(*life_.from, 1) - 1;
      } else {
        from_oldest();
      }
      if (after) covered_ = std::max(covered_, *after);
    } else if (after) {
      covered_ = *after;
    } else if (life_.earliest) {
      from_oldest();
    }
  }

  void refused() {
    head_ = life_.last_after;
    const auto after = resumed();
    if (!life_.replay || !after) return fail("204 for one who has not seen the end");
    if (!is_end(*life_.id) && *after < life_.to.value_or(life_.head_before))
      fail("204 before the end");
  }

  // --- what came ---

  void streamed() {
    const auto head = place_of(life_.head_id);
    if (!head) return fail("X-Head-Event-Id: " + life_.head_id);
    head_ = *head;
    if (head_ < life_.head_before || head_ > life_.last_after)
      return fail("a head that was not: " + life_.head_id);
    if (!std::string_view(kFirstFrames).starts_with(life_.body.substr(0, kFirstFrames.size())))
      return fail("other first frames");
    begin();
    NaiveSseParser parser;
    parser.feed(life_.body);
    const std::vector<Block> blocks = parser.blocks();
    std::size_t at = 2;  // those first frames
    if (const std::string reset = due_reset(); !reset.empty() && blocks.size() > at)
      take_reset(blocks[at++].event, reset);
    for (; at < blocks.size() && well(); ++at) {
      if (over_) return fail("something after the end: " + blocks[at].event.event);
      if (blocks[at].has_data) {
        take(blocks[at].event);
      } else {
        take_bare(blocks[at].event.id);
      }
    }
    for (const ModelLife::Change& change : life_.changes)
      if (place_of(change.from).value_or(0) <= change.seen) fail("topics from within the past");
    if (well()) take_end();
  }

  void take_reset(const NaiveSseParser::Event& event, const std::string& reason) {
    if (event.event != "reset" || between(event.data, R"("reason":")") != reason)
      return fail("no reset: " + reason);
    if (between(event.data, R"("now":")") != life_.head_id) fail("a reset to another place");
    if (life_.id && !life_.id_twice &&
        between(event.data, R"("requested":")") != life_.id->substr(0, 64))
      fail("a reset that quotes something else: " + event.data);
  }

  void take(const NaiveSseParser::Event& event) {
    const std::string& name = event.event;
    if (name == "gap") return take_gap(event);
    if (name == "replay_end") return take_replay_end(event);
    if (name == "goodbye" || name == "evicted") return take_farewell(event);
    const auto n = place_of(event.id);
    if (!n) return fail("no id of ours: " + event.id + " of " + name);
    if (*n <= covered_) return fail(event.id + " again, or out of order");
    cover(*n - 1);
    if (!well()) return;
    if (!story_.entries.contains(*n)) return fail(event.id + " was never published");
    const ModelEntry& entry = story_.entries.at(*n);
    if (!wants(*n)) return fail(event.id + " was not asked for");
    const bool named = !life_.wish.console || entry.type == "hitl";
    if (name != (named ? entry.event_name() : "message"))
      return fail(event.id + " is called " + name);
    if (event.data != (life_.wish.console ? *entry.console() : entry.body()))
      return fail(event.id + " is not what was published: " + event.data);
    reach(*n);
  }

  void take_gap(const NaiveSseParser::Event& event) {
    const auto from = place_of(between(event.data, R"("from":")"));
    const auto to = place_of(between(event.data, R"("to":")"));
    const auto count = digits(between(event.data, R"("count":)"));
    const std::string reason = between(event.data, R"("reason":")");
    if (!from || !to || !count || place_of(event.id) != to) return fail("a gap: " + event.data);
    if (*from <= covered_ || *to < *from) return fail("a gap in the past: " + event.data);
    if (*count != *to - *from + 1) return fail("a gap that miscounts: " + event.data);
    if (*to > story_.last()) return fail("a gap in the future: " + event.data);
    cover(*from - 1);
    if (!well()) return;
    const std::size_t index = gaps_++;
    if (index >= life_.expired_at_gap.size()) return fail("a gap nobody saw come");
    if (reason == "expired") {
      if (*to > life_.expired_at_gap[index])
        return fail("a gap where retention took only " +
                    std::to_string(life_.expired_at_gap[index]) + ": " + event.data);
    } else {
      for (Sequence n = *from; n <= *to; ++n)
        if (!gone_for(reason, n)) return fail("a gap though it is there: " + event.data);
    }
    reach(*to);
  }
  bool gone_for(const std::string& reason, Sequence n) const {
    if (reason == "recorder") return story_.may_be_lost(n);
    return reason == "corrupt" && is_damaged(n) && !story_.kept.contains(n);
  }
  bool is_damaged(Sequence n) const {
    return std::any_of(story_.damaged.begin(), story_.damaged.end(), [n](const auto& stretch) {
      return n >= stretch.first && n <= stretch.second;
    });
  }

  // An id without data: everything up to it was given, or is not for this reader.
  void take_bare(const std::string& id) {
    if (id.empty() || id == last_bare_) return;  // a heartbeat
    last_bare_ = id;
    const auto n = place_of(id);
    if (!n || *n > story_.last()) return fail("a checkpoint at " + id);
    if (*n < covered_) return fail("a checkpoint in the past: " + id);
    cover(*n);
    reach(*n);
  }

  void take_replay_end(const NaiveSseParser::Event& event) {
    if (!life_.replay) return fail("the end of a replay that was none");
    const auto to = place_of(event.id);
    if (!is_end(event.id) || to != std::min(through_, head_) ||
        place_of(between(event.data, R"("to":")")) != to)
      return fail("the end of another replay: " + event.data);
    const auto from = place_of(between(event.data, R"("from":")"));
    if (!from || (life_.from && *from != std::max<Sequence>(*life_.from, 1)))
      return fail("the end of a replay from elsewhere: " + event.data);
    cover(*to);
    over_ = true;
  }

  void take_farewell(const NaiveSseParser::Event& event) {
    const auto last = place_of(between(event.data, R"("last_id":")"));
    if (!last || *last > story_.last()) return fail("last words: " + event.data);
    cover(*last);
    over_ = true;
    if (event.event == "goodbye") {
      if (!life_.house_closed) fail("goodbye from an open house");
    } else if (const std::string reason = between(event.data, R"("reason":")");
               !(reason == "stalled" && life_.waited_long) &&
               !(reason == "admin" && life_.thrown_out)) {
      fail("evicted for nothing: " + event.data);
    }
  }

  void take_end() {
    if (!life_.ended || (over_ && life_.finished)) return;
    // Last words are said as far as they fit, to one who did not listen.
    if (!life_.waited_long && !life_.thrown_out) fail("cut off");
  }

  // --- what must have come ---

  bool wants(Sequence n) const {
    const std::set<std::string>* topics = &life_.wish.topics;
    for (const ModelLife::Change& change : life_.changes)
      if (place_of(change.from).value_or(0) <= n) topics = &change.topics;
    return life_.wish.wants(story_.entries.at(n), *topics);
  }
  // Nothing up to here is missing.
  void cover(Sequence through) {
    through = std::min(through, story_.last());
    for (Sequence n = covered_ + 1; n <= through; ++n) {
      if (!wants(n)) continue;
      if (slack_ && (n <= *slack_ || story_.may_be_lost(n))) continue;
      return fail(std::to_string(n) + " was passed over");
    }
  }
  void reach(Sequence n) {
    covered_ = n;
    slack_.reset();
  }

  const ModelLife& life_;
  const ModelStory& story_;
  std::string wrong_;
  Sequence head_ = 0;              // when it was attached
  Sequence covered_ = 0;           // everything up to here was delivered, declared or not wanted
  std::optional<Sequence> slack_;  // nothing is owed up to here, until something came
  Sequence through_ = 0;           // of a replay
  std::string last_bare_;          // the last id that came without data
  std::size_t gaps_ = 0;
  bool over_ = false;
};

}  // namespace

Sequence expired_through(const std::filesystem::path& dir) {
  std::ifstream file(dir / "trace.meta");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return digits(between(text, "\"expired_through\":")).value_or(0);
}

std::string judge(const ModelLife& life, const ModelStory& story) {
  const std::string wrong = Judge(life, story).verdict();
  return wrong.empty() ? wrong : wrong + "\n  asked: " + life.request;
}

}  // namespace devs
