#include "orchestrator/channels/channel_book.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "orchestrator/channels/channel_events.h"

namespace devs {
namespace {

bool is_for(const ChannelState& state, const Principal& who) {
  return who.is_operator || state.owner() == owner_topic(who);
}

ChannelBook::Told refused(ChannelBook::Refusal why) {
  return {.refusal = why};
}

}  // namespace

class ChannelBook::Floor {
 public:
  explicit Floor(const ChannelBook& book) : book_(book) {
    MutexLock lock(book_.mutex_);
    while (book_.taken_) book_.free_.wait(book_.mutex_);
    book_.taken_ = true;
  }
  ~Floor() {
    {
      MutexLock lock(book_.mutex_);
      book_.taken_ = false;
    }
    book_.free_.notify_one();
  }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

 private:
  const ChannelBook& book_;
};

ChannelBook::ChannelBook(Options options, TraceStreamBus& bus, const Clock& clock)
    : options_(options), bus_(bus), clock_(clock) {
}

void ChannelBook::read(const StoredLine& line) {
  const auto key = channel_in(line.topics);
  if (!key) return;
  JsonView type, channel, event, data, turn;
  JsonView(line.body).pick({{"type", &type},
                            {"channel", &channel},
                            {"event", &event},
                            {"payload", &data},
                            {"turn_index", &turn}});
  if (!type.is("channel") || !channel.is(key->text())) return;  // was not told here
  const std::string name = event.string().value_or("");
  const std::string_view owner = owner_in(line.topics);
  fold(*key, owner.empty() ? std::string() : "owner:" + std::string(owner),
       {.sequence = line.sequence,
        .event = name,
        .data = data,
        .turn = static_cast<std::uint64_t>(turn.integer().value_or(0))},
       line.sequence);
}

ChannelBook::Told ChannelBook::create(const ChannelKey& key, std::string_view data,
                                      const Principal& who) {
  const Floor floor(*this);
  {
    MutexLock lock(mutex_);
    if (find(key)) return refused(Refusal::exists);
  }
  return say(key, {}, data, owner_topic(who), 0, false);
}

ChannelBook::Told ChannelBook::tell(const ChannelKey& key, std::string_view event,
                                    std::string_view data, const Principal& who,
                                    MustExist must_exist) {
  const Floor floor(*this);
  std::string owner = owner_topic(who);
  std::uint64_t turn = event == "utterance" ? 1 : 0;
  bool is_new = false;
  {
    MutexLock lock(mutex_);
    const ChannelState* const state = find(key);
    is_new = state == nullptr;
    if (is_new ? must_exist == MustExist::yes || options_.require_existing : !is_for(*state, who))
      return refused(Refusal::unknown);
    const ChannelStatus status = is_new ? ChannelStatus::live : state->status();
    if (status == ChannelStatus::completed) return refused(Refusal::completed);
    if ((event == "pause" && status != ChannelStatus::live) ||
        (event == "resume" && status != ChannelStatus::paused))
      return refused(Refusal::wrong_state);
    if (!is_new) {
      owner = state->owner();
      turn += state->turn();
    }
  }
  return say(key, event, data, owner, turn, is_new);
}

// On the floor.
ChannelBook::Told ChannelBook::say(const ChannelKey& key, std::string_view event,
                                   std::string_view data, const std::string& owner,
                                   std::uint64_t turn, bool is_new) {
  std::vector<Draft> drafts;
  std::string created;
  if (is_new) {
    const auto now = clock_.wall().time_since_epoch();
    created =
        created_data(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), {}, {});
    drafts.push_back(channel_draft(key, {}, created, 0, owner));
  }
  drafts.push_back(channel_draft(key, event, data, turn, owner));
  const auto first = bus_.publish_all(std::move(drafts));
  if (!first.ok()) return {.refusal = Refusal::bus, .bus = first.status()};
  const Sequence visible = bus_.head();
  if (is_new) fold(key, owner, {.sequence = *first, .data = JsonView(created)}, visible);
  const Sequence sequence = *first + (is_new ? 1 : 0);
  fold(key, owner, {.sequence = sequence, .event = event, .data = JsonView(data), .turn = turn},
       visible);
  return {.sequence = sequence};
}

ChannelBook::Picture ChannelBook::look(const ChannelKey& key, const Principal& who) const {
  const Floor floor(*this);  // what is visible now is folded
  Picture picture{.applied = bus_.head()};
  MutexLock lock(mutex_);
  const ChannelState* const state = find(key);
  if (state != nullptr && is_for(*state, who)) picture.state = state->as_of(picture.applied);
  return picture;
}

std::size_t ChannelBook::channels() const {
  MutexLock lock(mutex_);
  return states_.size();
}

const ChannelState* ChannelBook::find(const ChannelKey& key) const {
  const auto found = states_.find(key);
  return found == states_.end() ? nullptr : &found->second;
}

void ChannelBook::fold(const ChannelKey& key, std::string_view owner,
                       const ChannelState::Said& said, Sequence visible) {
  MutexLock lock(mutex_);
  ChannelState& state = states_.try_emplace(key, std::string(owner)).first->second;
  const std::size_t before = state.first() == 0 ? 0 : state.bytes();
  state.fold(said, visible);
  bytes_ += state.bytes() - before;
  close_some();
}

void ChannelBook::close_some() {
  while (states_.size() > options_.max_channels ||
         (bytes_ > options_.max_bytes && states_.size() > 1)) {
    const auto victim =
        std::min_element(states_.begin(), states_.end(), [](const auto& a, const auto& b) {
          const bool a_runs = a.second.completed_at() == 0, b_runs = b.second.completed_at() == 0;
          return a_runs != b_runs ? b_runs : a.second.last() < b.second.last();
        });
    bytes_ -= victim->second.bytes();
    states_.erase(victim);
  }
}

}  // namespace devs
