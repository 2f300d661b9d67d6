#include "orchestrator/agents/agent_keeper.h"

#include <iterator>
#include <utility>

#include "protocol/envelope_writer.h"
#include "trace/visible_entries.h"

namespace devs {
namespace {

constexpr ReadLimits kStretch{1024, 1024 * 1024};
// How much of the log is looked at again after a crash when no task was in it.
constexpr Sequence kUnsavedStretch = 10'000;
constexpr std::size_t kMaxMessageContent = 8'192;  // of one row; the stream has it whole

std::string metadata_of(const AgentNews& news) {
  std::string text;
  MemberWriter(text)
      .text("status", name_of(news.status))
      .text("hookEventType", hook_event_of(news.kind))
      .json_if("step", news.step)
      .json_if("sequence", news.sequence)
      .json_if("totalSteps", news.total_steps)
      .end();
  return text;
}

}  // namespace

AgentKeeper::AgentKeeper(Options options, std::unique_ptr<AgentTaskStore> store,
                         TraceStreamBus& bus, const StoredLog& stored, Epoch epoch,
                         Reactor& reactor, WorkerPool& workers, Log& log, Metrics& metrics)
    : options_(options),
      store_(std::move(store)),
      bus_(bus),
      stored_(stored),
      epoch_(std::move(epoch)),
      reactor_(reactor),
      log_(log),
      kept_(metrics.gauge("agent_tasks_kept")),
      messages_total_(metrics.counter("agent_task_messages_total")),
      dropped_(metrics.counter("agent_task_messages_dropped_total")),
      failures_(metrics.counter("agent_task_store_failures_total")),
      table_(options.event_buffer),
      work_(std::make_shared<SerialWork>(workers)),
      due_([this] {
        work_->post([this] { prune(); });
        arm();
      }) {
  if (auto loaded = store_->load(); loaded.ok()) {
    saved_ = loaded->seen;
    {
      MutexLock lock(mutex_);
      next_ = saved_ + 1;
    }
    table_.load(std::move(loaded->tasks), loaded->seen);
  } else {
    note(loaded.status());
  }
  round();
  for (const std::string& id : table_.ids(
           [](const AgentTaskCard&, const AgentTaskState& state) { return state.begun == 0; })) {
    table_.drop(id);
    note(store_->remove(id));
  }
  prune();
  bus_.attach(bell_);
  reactor_.attach(bell_, [this] {
    if (!coming_.exchange(true)) work_->post([this] { round(); });
  });
  reactor_.post([this] { arm(); });
}

AgentKeeper::~AgentKeeper() {
  follow();
  note(save(true));
}

std::int64_t AgentKeeper::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             reactor_.clock().wall().time_since_epoch())
      .count();
}

bool AgentKeeper::is_readable(const AgentTaskState& state) const {
  const std::chrono::milliseconds kept = options_.ended_kept;
  return state.ended == 0 || now_ms() < state.ended_ms + kept.count();
}

void AgentKeeper::ask(Question question) {
  work_->post([this, question = std::move(question)]() mutable {
    round();
    if (state_.ok()) return question(store_.get());
    question(Status(Code::unavailable, "the tasks cannot be stored: " + state_.message()));
  });
}

void AgentKeeper::round() {
  coming_ = false;
  follow();
  note(save(false));
}

void AgentKeeper::follow() {
  for (bool more = true; more;) {
    Sequence from = 0;
    {
      MutexLock lock(mutex_);
      from = next_;
    }
    const VisibleEntries found = visible_entries(bus_, stored_, from, kStretch);
    more = found.missed_through != 0 || !found.entries.empty();
    MutexLock lock(mutex_);
    if (found.missed_through >= next_) next_ = found.missed_through + 1;
    for (const EntryPtr& entry : found.entries) {
      if (entry->sequence < next_) continue;  // somebody else has been here
      fold(*entry);
      next_ = entry->sequence + 1;
    }
    table_.applied_through(next_ - 1);
  }
}

void AgentKeeper::fold(const Entry& entry) {
  const AgentTaskCardPtr card = table_.card_of(entry);
  if (!card) return;
  const AgentNews news = agent_news_of(entry);
  if (news.kind == AgentNews::Kind::none) return;
  // A host's stamp may be anything.
  const std::int64_t now = now_ms(), told = entry.facts.timestamp_ns / 1'000'000;
  const std::int64_t ms = told >= card->created_ms && told <= now ? told : now;
  if (!table_.apply(card->id, entry.sequence, news, ms)) return;
  AgentTaskStore::Change& change = unsaved_.changes[card->id];
  if (!news.result.empty()) change.result = news.result;
  if (!news.error.empty()) change.error = news.error;

  std::vector<AgentMessage>& messages = unsaved_.messages;
  if (messages.size() >= kMaxUnsaved) {
    messages.erase(messages.begin(), messages.begin() + kMaxUnsaved / 10);
    dropped_.add(kMaxUnsaved / 10);
  }
  const std::chrono::milliseconds ttl = options_.message_ttl;
  messages.push_back({.sequence = entry.sequence,
                      .task = card->id,
                      .owner = card->owner,
                      .type = std::string(message_type_of(news)),
                      .content = std::string(utf8_prefix(news.content, kMaxMessageContent)),
                      .progress = news.progress,
                      .metadata = metadata_of(news),
                      .created_ms = ms,
                      .expires_ms = ms + ttl.count()});
  messages_total_.add();
}

Status AgentKeeper::save(bool at_the_end) {
  Unsaved taken;
  Sequence seen = 0;
  std::vector<AgentTaskStore::Change> changes;
  {
    MutexLock lock(mutex_);
    taken = std::exchange(unsaved_, {});
    seen = next_ - 1;
    for (auto& [id, change] : taken.changes)
      if (auto now = table_.kept(id)) {
        change.now = std::move(*now);
        changes.push_back(change);
      }
  }
  if (taken.changes.empty() && !at_the_end && seen < saved_ + kUnsavedStretch) return {};
  Status saved = store_->save(changes, taken.messages, seen);
  if (saved.ok()) {
    saved_ = seen;
    return {};
  }
  // Again with what comes; a later text stands.
  MutexLock lock(mutex_);
  for (auto& [id, change] : taken.changes) {
    AgentTaskStore::Change& later = unsaved_.changes[id];
    if (later.result.empty()) later.result = std::move(change.result);
    if (later.error.empty()) later.error = std::move(change.error);
  }
  unsaved_.messages.insert(unsaved_.messages.begin(),
                           std::make_move_iterator(taken.messages.begin()),
                           std::make_move_iterator(taken.messages.end()));
  return saved;
}

void AgentKeeper::prune() {
  const std::int64_t now = now_ms();
  Status done = store_->prune_messages(now);
  for (const std::string& id :
       table_.ids([this](const AgentTaskCard&, const AgentTaskState& state) {
         return !is_readable(state);
       })) {
    table_.drop(id);
    if (done.ok()) done = store_->remove(id);
  }
  kept_.set(static_cast<std::int64_t>(table_.size()));
  note(done);
}

void AgentKeeper::arm() {
  reactor_.timers().set(due_, reactor_.now() + options_.prune_every);
}

void AgentKeeper::note(const Status& status) {
  if (!status.ok()) failures_.add();
  if (status.message() != state_.message())
    log_.warn("agent_tasks", {{"state", status.ok() ? "saving again" : status.message()}});
  state_ = status;
}

}  // namespace devs
