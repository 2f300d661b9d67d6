#include "orchestrator/channels/channel_index.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "orchestrator/channels/channel_key.h"
#include "trace/visible_entries.h"

namespace devs {
namespace {

constexpr ReadLimits kStretch{1024, 1024 * 1024};
// Entries of one channel lie close together: what lies between two is read over.
constexpr ReadLimits kNear{64, 256 * 1024};
// A log that moves without channels is noted so often, and a crash costs so much reading.
constexpr Sequence kSaveEvery = 100'000;

}  // namespace

ChannelIndex::ChannelIndex(Options options, const TraceStreamBus& bus, const StoredLog& stored,
                           Epoch epoch, Log& log, Metrics& metrics)
    : options_(std::move(options)),
      bus_(bus),
      stored_(stored),
      epoch_(std::move(epoch)),
      log_(log),
      failures_metric_(metrics.counter("channel_index_failures_total")) {
}

ChannelIndex::~ChannelIndex() {
  stop();
}

void ChannelIndex::read_back(const StoredLog::OnLine& on_line) {
  Status known = open();
  if (known.ok()) known = read_known(on_line);
  note(known);
  const Sequence last = stored_.last();
  const Sequence least = last - std::min<Sequence>(last, options_.most_read);
  read_log(std::max({stored_.oldest(), seen_ + 1, least + 1}), on_line);
  seen_ = last;
}

// What the file knows.
Status ChannelIndex::read_known(const StoredLog::OnLine& on_line) {
  const auto sequences = store_->newest(options_.most_read);
  if (!sequences.ok()) return sequences.status();
  Sequence next = 0;
  for (const Sequence sequence : *sequences) {
    if (sequence < next || sequence < stored_.oldest()) continue;
    const ReadOutcome read =
        stored_.read(sequence, kNear, [this, &on_line](const StoredLine& line) {
          if (line.sequence <= seen_ && channel_in(line.topics)) on_line(line);
        });
    next = read.next;
  }
  return {};
}

void ChannelIndex::read_log(Sequence from, const StoredLog::OnLine& on_line) {
  const Sequence last = stored_.last();
  while (from <= last) {
    const ReadOutcome read = stored_.read(from, kStretch, [this, &on_line](const StoredLine& line) {
      if (!channel_in(line.topics)) return;
      found_.push_back(line.sequence);
      on_line(line);
    });
    if (read.next <= from) return;
    from = read.next;
  }
}

void ChannelIndex::work() {
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

void ChannelIndex::stop() {
  {
    MutexLock lock(mutex_);
    if (stop_) return;
    stop_ = true;
    while (working_) changed_.wait(mutex_);
  }
  try_round(true);
}

void ChannelIndex::try_round(bool at_the_end) {
  try {
    note(round(at_the_end));
  } catch (const std::exception& error) {  // memory, most likely
    note(Status(Code::unavailable, error.what()));
  }
}

Status ChannelIndex::round(bool at_the_end) {
  if (!store_) {
    if (Status opened = open(); !opened.ok()) return opened;
  }
  for (bool more = true; more;) {
    const VisibleEntries found = visible_entries(bus_, stored_, seen_ + 1, kStretch);
    for (const EntryPtr& entry : found.entries)
      if (channel_in(entry->topics)) found_.push_back(entry->sequence);
    more = found.missed_through != 0 || !found.entries.empty();
    if (found.missed_through != 0) seen_ = found.missed_through;
    if (!found.entries.empty()) seen_ = found.entries.back()->sequence;
    const bool due = !found_.empty() || at_the_end || seen_ - saved_ >= kSaveEvery;
    if (!due || (more && found_.size() < kStretch.entries)) continue;
    if (Status saved = store_->save(found_, seen_, stored_.oldest()); !saved.ok()) {
      // The file says how far it came: the next round reads on from there.
      store_ = nullptr;
      return saved;
    }
    found_.clear();
    saved_ = seen_;
  }
  return {};
}

// The file, and how far it has looked.
Status ChannelIndex::open() {
  // SQLite is told to follow no link; the directory itself may be reached by one.
  std::error_code failed;
  const auto file = std::filesystem::canonical(options_.dir, failed) / "channels.db";
  if (failed) return Status(Code::unavailable, options_.dir.string() + ": " + failed.message());
  for (bool again = true;; again = false) {
    auto store = ChannelStore::open(file, epoch_, stored_.last());
    const auto seen = store.ok() ? (*store)->seen() : Result<Sequence>(store.status());
    if (seen.ok()) {
      store_ = std::move(*store);
      seen_ = saved_ = *seen;
      found_.clear();
      return {};
    }
    if (seen.status().code() != Code::data_loss || !again) return seen.status();
    for (const char* beside : {"", "-wal", "-shm"})
      std::filesystem::remove(file.string() + beside, failed);
  }
}

void ChannelIndex::note(const Status& status) {
  if (!status.ok()) failures_metric_.add();
  if (status.message() == last_failure_) return;
  last_failure_ = status.message();
  log_.warn("channel_index", {{"state", status.ok() ? "saving again" : last_failure_}});
}

}  // namespace devs
