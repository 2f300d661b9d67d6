#include "orchestrator/graph/graph_keeper.h"

#include <exception>
#include <system_error>

#include "trace/visible_entries.h"

namespace devs {
namespace {

constexpr ReadLimits kStretch{1024, 1024 * 1024};
constexpr std::int64_t kMinuteMs = 60'000;

}  // namespace

GraphKeeper::GraphKeeper(Options options, TraceStreamBus& bus, const StoredLog& stored, Epoch epoch,
                         const ToolRegistry& tools, const Clock& clock, Log& log, Metrics& metrics)
    : options_(std::move(options)),
      bus_(bus),
      stored_(stored),
      epoch_(std::move(epoch)),
      tools_(tools),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      failures_metric_(metrics.counter("graph_store_failures_total")),
      began_at_(bus.head()) {
  try_round(false);
}

GraphKeeper::~GraphKeeper() {
  stop();
}

void GraphKeeper::work() {
  {
    MutexLock lock(mutex_);
    if (stop_ || working_) return;
    working_ = true;
  }
  try_round(false);
  MutexLock lock(mutex_);
  working_ = false;
  changed_.notify_all();
}

void GraphKeeper::stop() {
  {
    MutexLock lock(mutex_);
    if (stop_) return;
    stop_ = true;
    while (working_) changed_.wait(mutex_);
  }
  try_round(true);
}

GraphPicturePtr GraphKeeper::picture() const {
  MutexLock lock(mutex_);
  return picture_;
}

std::shared_ptr<const ToolSearch> GraphKeeper::search() const {
  MutexLock lock(mutex_);
  return search_;
}

bool GraphKeeper::wait_through(Sequence sequence, TimePoint deadline) {
  MutexLock lock(mutex_);
  while (seen_ < sequence && !stop_)
    if (!changed_.wait_until(mutex_, deadline)) break;
  return seen_ >= sequence;
}

void GraphKeeper::try_round(bool at_the_end) {
  try {
    round(at_the_end);
  } catch (const std::exception& error) {  // memory, most likely
    note(Status(Code::unavailable, error.what()));
  }
}

void GraphKeeper::round(bool at_the_end) {
  if (!student_) begin();
  know_registry();
  read_on();
  const bool worked = student_->work(at_the_end);
  show();
  if (student_->caught_up() && (worked || at_the_end)) save();
}

// The graph as it was kept; `graph_synced` when there is one.
void GraphKeeper::begin() {
  const TimePoint start = clock_.steady();
  GraphStore::Kept kept;
  kept.place.seen = began_at_;
  open_store(kept);
  student_ = std::make_unique<GraphStudent>(options_.learning, std::move(kept), began_at_, history_,
                                            bus_, clock_, metrics_);
  read_on();
  for (const auto& [from, to] : options_.templates) student_->propose(from, to);
  know_registry();
  const std::chrono::duration<double, std::milli> took = clock_.steady() - start;
  if (student_->graph().edge_count() > 0) student_->tell_synced(took.count());
}

void GraphKeeper::open_store(GraphStore::Kept& kept) {
  // SQLite is told to follow no link; the directory itself may be reached by one.
  std::error_code failed;
  const auto file = std::filesystem::canonical(options_.dir, failed) / "graph.db";
  if (failed)
    return note(Status(Code::unavailable, options_.dir.string() + ": " + failed.message()));
  for (bool again = true;; again = false) {
    auto store = GraphStore::open(file, epoch_, began_at_);
    Status status;
    if (!store.ok()) {
      status = store.status();
    } else if (auto loaded = (*store)->load(); loaded.ok()) {
      kept = std::move(*loaded);
      store_ = std::move(*store);
      return;
    } else {
      status = loaded.status();
    }
    note(status);
    if (status.code() != Code::data_loss || !again) return;
    std::filesystem::rename(file, file.string() + ".damaged", failed);
    for (const char* beside : {"-wal", "-shm"})
      std::filesystem::remove(file.string() + beside, failed);
  }
}

void GraphKeeper::read_on() {
  for (bool more = true; more && !stopping();) {
    const VisibleEntries found = visible_entries(bus_, stored_, student_->next(), kStretch);
    if (found.missed_through != 0) student_->skip(found.missed_through);
    for (const EntryPtr& entry : found.entries) student_->see(*entry);
    more = found.missed_through != 0 || !found.entries.empty();
  }
}

void GraphKeeper::know_registry() {
  const ToolSetPtr tools = tools_.snapshot();
  if (tools->generation() == known_tools_) return;
  known_tools_ = tools->generation();
  for (const ToolSpec* spec : tools->listed()) student_->know(spec->name);
  auto search = std::make_shared<const ToolSearch>(*tools);
  MutexLock lock(mutex_);
  search_.swap(search);  // the old one dies unlocked
}

void GraphKeeper::show() {
  GraphPicturePtr picture = student_->picture();
  MutexLock lock(mutex_);
  picture_.swap(picture);  // the old one dies unlocked
  seen_ = student_->next() - 1;
  changed_.notify_all();
}

void GraphKeeper::save() {
  if (!store_) return;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch())
          .count();
  // The last minute that may have been saved unfinished, and this one.
  Status done = store_->save(student_->graph(), student_->unsaved(), student_->place(),
                             history_.since(now / kMinuteMs - 1));
  if (done.ok()) student_->saved();
  note(done);
}

void GraphKeeper::note(const Status& status) {
  if (!status.ok()) failures_metric_.add();
  if (status.message() == last_failure_) return;
  last_failure_ = status.message();
  log_.warn("tool_graph", {{"state", status.ok() ? "saving again" : last_failure_}});
}

bool GraphKeeper::stopping() const {
  MutexLock lock(mutex_);
  return stop_;
}

}  // namespace devs
