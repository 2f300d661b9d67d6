#include "orchestrator/streams/live_window.h"

#include <algorithm>

namespace devs {
namespace {

constexpr std::size_t kLookEntries = 1024;       // per step: a turn stays short
constexpr std::size_t kLookBytes = 1024 * 1024;  // the same
constexpr std::size_t kBatchBytes = 64 * 1024;   // sealed beyond: what a stopped reader holds
constexpr std::size_t kWindowBytes = 4 * 1024 * 1024;
constexpr std::size_t kWindowBatches = 4096;

}  // namespace

LiveWindow::LiveWindow(TraceStreamBus& bus, Projector& projector, Metrics& metrics)
    : bus_(bus),
      projector_(projector),
      encoded_(metrics.counter("stream_frames_encoded_total")),
      batches_(metrics.counter("stream_batches_total")),
      looked_(bus.head()) {
}

bool LiveWindow::look(std::vector<GroupPtr>& due, TimePoint now) {
  entries_.clear();
  switch (bus_.read(looked_ + 1, kLookEntries, kLookBytes, entries_)) {
    case TraceStreamBus::Read::at_head:
      return false;
    case TraceStreamBus::Read::behind:
      fell_behind(due);
      return true;
    case TraceStreamBus::Read::entries:
      break;
  }
  for (const EntryPtr& entry : entries_) lay_out(*entry, now);
  looked_ = entries_.back()->sequence;
  entries_.clear();
  for (GroupPtr& group : touched_) {
    seal(group);
    group->touched = false;
    due.push_back(std::move(group));
  }
  touched_.clear();
  trim();
  return true;
}

void LiveWindow::lay_out(const Entry& entry, TimePoint now) {
  looked_bytes_ += entry.body.size();
  groups_.each_match(entry, [this, &entry, now](const GroupPtr& group) {
    const std::string& frame = encoded(*group->view.projection, entry);
    if (frame.empty()) return;
    if (!group->touched) {
      group->touched = true;
      touched_.push_back(group);
    }
    if (!group->building) {
      group->building = std::make_shared<FrameBatch>();
      group->building->first = entry.sequence;
      group->building->laid_out = now;
    }
    group->building->append(entry.sequence, frame, group->view.chunked);
    if (group->view.ends_with(entry.facts.name)) group->building->finish();
    group->building->last = entry.sequence;
    group->last_match = entry.sequence;
    if (group->building->bytes().size() >= kBatchBytes) seal(group);
  });
}

const std::string& LiveWindow::encoded(const Projection& projection, const Entry& entry) {
  auto slot = std::ranges::find(encoded_now_, &projection, &Encoded::projection);
  if (slot == encoded_now_.end()) slot = encoded_now_.insert(slot, Encoded{&projection});
  if (slot->sequence != entry.sequence) {
    slot->frames.clear();
    projector_.append(projection, entry, slot->frames);
    slot->sequence = entry.sequence;
    encoded_.add();
  }
  return slot->frames;
}

void LiveWindow::seal(const GroupPtr& group) {
  if (!group->building) return;
  kept_.push_back({group, group->building->bytes().size()});
  kept_bytes_ += kept_.back().bytes;
  group->batches.push_back(std::move(group->building));
  group->building = nullptr;
  batches_.add();
}

void LiveWindow::trim() {
  while (kept_bytes_ > kWindowBytes || kept_.size() > kWindowBatches) {
    const Kept& oldest = kept_.front();
    kept_bytes_ -= oldest.bytes;
    // A group whose last reader left has dropped its batches itself.
    if (StreamGroup& group = *oldest.group; !group.batches.empty()) {
      group.since = group.batches.front()->last + 1;
      group.batches.pop_front();
    }
    kept_.pop_front();
  }
}

// Publishers lapped us by a whole ring: everybody catches up from what is stored.
void LiveWindow::fell_behind(std::vector<GroupPtr>& due) {
  floor_ = bus_.oldest();
  looked_ = floor_ - 1;
  groups_.each([this, &due](const GroupPtr& group) {
    group->last_match = looked_;
    due.push_back(group);
  });
}

}  // namespace devs
