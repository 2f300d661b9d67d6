#include "orchestrator/streams/log_stretch.h"

#include <algorithm>
#include <memory>
#include <string>

#include "orchestrator/streams/control_frames.h"

namespace devs {
namespace {

constexpr std::size_t kReadEntries = 1024;       // per read of the log
constexpr std::size_t kReadBytes = 256 * 1024;   // the same
constexpr std::size_t kEnoughBytes = 128 * 1024;  // of frames: a reader that stops holds so much
// Entries looked at in one fetch, so that a filter that matches nothing gives its
// worker back.
constexpr std::size_t kMaxEntries = 16 * kReadEntries;
constexpr std::size_t kMaxScanned = 4 * kMiB;  // the same, in bytes of log

class Builder {
 public:
  Builder(Projector& projector, const StretchRequest& wanted)
      : projector_(projector), wanted_(wanted) {
    batch_->first = wanted.from;
    batch_->last = wanted.from - 1;
  }

  Sequence next() const { return batch_->last + 1; }
  bool enough() const {
    return next() > wanted_.through || batch_->bytes().size() >= kEnoughBytes ||
           entries_ >= kMaxEntries || scanned_ >= kMaxScanned;
  }

  void gap(Sequence to, std::string_view reason) {
    frame_.clear();
    append_gap_frame(frame_, projector_.epoch(), next(), to, reason);
    batch_->append(to, frame_, wanted_.chunked);
    batch_->last = to;
    has_gap_ = true;
  }
  void entry(const Entry& entry) {
    ++entries_;
    scanned_ += entry.body.size();
    batch_->last = entry.sequence;
    if (!wanted_.filter.matches(entry.facts)) return;
    frame_.clear();
    projector_.append(wanted_.projection, entry, frame_);
    batch_->append(entry.sequence, frame_, wanted_.chunked);
  }
  Stretch take() { return {std::move(batch_), has_gap_}; }

 private:
  Projector& projector_;
  const StretchRequest& wanted_;
  std::shared_ptr<FrameBatch> batch_ = std::make_shared<FrameBatch>();
  std::string frame_;
  std::size_t entries_ = 0;
  std::size_t scanned_ = 0;
  bool has_gap_ = false;
};

}  // namespace

Stretch read_stretch(const StoredLog& log, Projector& projector, const StretchRequest& wanted) {
  Builder building(projector, wanted);
  std::vector<EntryPtr> entries;
  while (!building.enough()) {
    entries.clear();
    const ReadOutcome read =
        read_entries(log, building.next(), {kReadEntries, kReadBytes}, entries);
    if (read.loss) {
      building.gap(std::min(read.loss->through, wanted.through), name_of(read.loss->reason));
    } else if (entries.empty()) {
      building.gap(wanted.through, name_of(LossReason::recorder));
    }
    for (const EntryPtr& entry : entries)
      if (entry->sequence <= wanted.through) building.entry(*entry);
  }
  return building.take();
}

}  // namespace devs
