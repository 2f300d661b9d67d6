#include "orchestrator/streams/log_stretch.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/streams/control_event.h"

namespace devs {
namespace {

constexpr std::size_t kReadEntries = 4096;          // per read of the log
constexpr std::size_t kReadBytes = 256 * 1024;      // the same
constexpr std::size_t kEnoughBytes = 256 * 1024;    // of frames: a reader that stops holds so much
constexpr std::size_t kEnoughForPaced = 16 * 1024;  // the same, for one that may hold it for hours
// Entries looked at in one fetch, so that a filter that matches nothing gives its
// worker back.
constexpr std::size_t kMaxEntries = 16 * 1024;
constexpr std::size_t kMaxScanned = 4 * kMiB;  // the same, in bytes of log

const EnvelopeFacts kNoFacts;

class Builder {
 public:
  Builder(Projector& projector, const StretchRequest& wanted)
      : projector_(projector),
        wanted_(wanted),
        enough_bytes_(wanted.stamped ? kEnoughForPaced : kEnoughBytes),
        verbatim_(!wanted.view.projection->needs_facts() && wanted.filter.takes_all() &&
                  !wanted.stamped) {
    batch_->first = wanted.from;
    batch_->last = wanted.from - 1;
  }

  Sequence next() const { return batch_->last + 1; }
  bool enough() const {
    return next() > wanted_.through || batch_->bytes().size() >= enough_bytes_ ||
           entries_ >= kMaxEntries || stretch_.scanned >= kMaxScanned;
  }

  std::size_t wanted_bytes() const { return std::min(enough_bytes_, kReadBytes); }

  // Runs of one reason are one gap.
  void lost(Sequence through, LossReason reason) {
    if (open_gap_ && open_gap_->reason != reason) close_gap();
    if (!open_gap_) open_gap_ = Loss{next(), next(), reason};
    batch_->last = open_gap_->through = std::min(through, wanted_.through);
  }

  void line(const StoredLine& line) {
    if (line.sequence > wanted_.through) return;
    close_gap();
    ++entries_;
    stretch_.scanned += line.body.size();
    batch_->last = line.sequence;
    // Most lines of a stream of everything: nothing to find out about them.
    if (verbatim_ && is_plain_turn(line.body))
      return append(EntryView(line.sequence, line.body, kNoFacts));
    const EnvelopeFacts facts = facts_of(line.body);
    const EntryView entry(line.sequence, line.body, facts, line.topics);
    if (wanted_.filter.matches(entry)) append(entry);
  }

  Stretch take() {
    close_gap();
    stretch_.batch = std::move(batch_);
    return std::move(stretch_);
  }

 private:
  void append(const EntryView& entry) {
    frame_.clear();
    projector_.append(*wanted_.view.projection, entry, frame_);
    put(entry.sequence, entry.facts.timestamp_ns);
    if (wanted_.view.ends_with(entry.facts.name)) batch_->finish();
  }
  void close_gap() {
    if (!open_gap_) return;
    frame_.clear();
    wanted_.view.projection->append_control(
        gap_event(projector_.epoch(), open_gap_->from, open_gap_->through,
                  name_of(open_gap_->reason)),
        frame_);
    put(open_gap_->through, 0);
    ++stretch_.gaps[static_cast<std::size_t>(open_gap_->reason)];
    open_gap_.reset();
  }
  void put(Sequence sequence, std::int64_t stamp_ns) {
    if (wanted_.stamped) {
      batch_->append_stamped(sequence, frame_, wanted_.view.chunked, stamp_ns);
    } else {
      batch_->append(sequence, frame_, wanted_.view.chunked);
    }
  }

  Projector& projector_;
  const StretchRequest& wanted_;
  const std::size_t enough_bytes_;
  const bool verbatim_;  // a frame needs no facts of a plain turn
  std::shared_ptr<FrameBatch> batch_ = std::make_shared<FrameBatch>();
  Stretch stretch_;
  std::optional<Loss> open_gap_;
  std::string frame_;
  std::size_t entries_ = 0;
};

}  // namespace

Stretch read_stretch(const StoredLog& log, Projector& projector, const StretchRequest& wanted) {
  Builder building(projector, wanted);
  while (!building.enough()) {
    const Sequence from = building.next();
    const ReadOutcome read = log.read(from, {kReadEntries, building.wanted_bytes()},
                                      [&building](const StoredLine& line) { building.line(line); });
    if (read.loss) {
      building.lost(read.loss->through, read.loss->reason);
    } else if (building.next() == from) {
      building.lost(wanted.through, LossReason::recorder);
    }
  }
  return building.take();
}

}  // namespace devs
