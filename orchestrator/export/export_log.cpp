#include "orchestrator/export/export_log.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::size_t kWriteBytes = 256 * 1024;

// What the log may hold: looser than what any door lets in, so that only what is
// broken is turned away.
constexpr JsonBounds kStoredJson{2 * kMaxRecordedEnvelope, 256,       4'000'000,
                                 2 * kMaxRecordedEnvelope, 64 * 1024, 4096};

class Run {
 public:
  Run(const StoredLog& log, const ExportJob& job)
      : log_(log), job_(job), exporter_(make_exporter(job.format, job.options)) {}

  Result<ExportReport> all() {
    exporter_->begin(out_);
    const Sequence from = std::max<Sequence>(job_.from, 1);
    const Sequence end = std::min(job_.through, log_.last()) + 1;
    for (Sequence next = from; next < end;) {
      ReadLimits limits;
      limits.entries = std::min<Sequence>(limits.entries, end - next);
      const ReadOutcome outcome =
          log_.read(next, limits, [this](const StoredLine& line) { take(line); });
      if (outcome.loss)
        lose({next, std::min(outcome.loss->through, end - 1), outcome.loss->reason});
      if (outcome.next <= next) break;  // the log was cut behind our back
      next = outcome.next;
      if (!flush(kWriteBytes)) return stopped();
      if (job_.on_progress)
        job_.on_progress({std::min(next, end) - from, end - from, report_.read_bytes});
    }
    tell_gap();
    begun();
    exporter_->end(out_);
    if (!flush(0)) return stopped();
    report_.omissions = exporter_->omissions();
    return report_;
  }

 private:
  static Status stopped() { return {Code::cancelled, "nobody reads the export any more"}; }

  void take(const StoredLine& line) {
    report_.read_bytes += line.body.size() + 1;
    StoredLine checked = line;
    std::optional<std::string> compact;
    if (job_.format != ExportFormat::ndjson) {
      auto json = compact_json(line.body, kStoredJson);
      if (!json.ok() || !JsonView(*json).is_object())
        return lose({line.sequence, line.sequence, LossReason::corrupt});
      compact = std::move(*json);
      checked.body = *compact;
    }
    tell_gap();
    const bool matches = !job_.matches || job_.matches(facts_of(checked.body));
    report_.entries += matches ? 1u : 0u;
    exporter_->entry(checked, matches, out_);
    begun();
  }

  // Neighbours of one reason are one gap, wherever the log's reads divide them.
  void lose(const Loss& loss) {
    if (gap_ && gap_->through + 1 == loss.from && gap_->reason == loss.reason) {
      gap_->through = loss.through;
      return;
    }
    tell_gap();
    gap_ = loss;
  }
  void tell_gap() {
    if (!gap_) return;
    ++report_.gaps;
    report_.lost += gap_->through - gap_->from + 1;
    if (has_begun_)
      exporter_->gap(*gap_, out_);
    else
      early_.push_back(*gap_);
    if (job_.on_gap) job_.on_gap(*gap_);
    gap_.reset();
  }

  // Whatever is drawn against time begins with an entry: only then is there a time.
  void begun() {
    has_begun_ = true;
    for (const Loss& loss : std::exchange(early_, {})) exporter_->gap(loss, out_);
  }

  bool flush(std::size_t above) {
    if (out_.size() <= above) return true;
    report_.written_bytes += out_.size();
    const bool taken = job_.write(out_);
    out_.clear();
    return taken;
  }

  const StoredLog& log_;
  const ExportJob& job_;
  const std::unique_ptr<TraceExporter> exporter_;
  std::string out_;
  std::optional<Loss> gap_;  // not told yet: it may go on
  bool has_begun_ = false;
  std::vector<Loss> early_;  // gaps before the first entry
  ExportReport report_;
};

}  // namespace

Result<ExportReport> export_log(const StoredLog& log, const ExportJob& job) {
  return Run(log, job).all();
}

}  // namespace devs
