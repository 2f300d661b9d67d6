#include "orchestrator/streams/projection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "orchestrator/streams/console.h"
#include "orchestrator/streams/control_frames.h"
#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/sse_frame.h"

namespace devs {
namespace {

constexpr auto kQuietPerType = std::chrono::minutes(1);
constexpr std::size_t kMaxQuietTypes = 256;

// True for the first caller of each entry, in order of sequence: what was told
// about a later entry is not told again about an earlier one that is replayed.
bool first_to_tell(std::atomic<Sequence>& told, Sequence sequence) {
  Sequence before = told.load(std::memory_order_relaxed);
  while (before < sequence)
    if (told.compare_exchange_weak(before, sequence, std::memory_order_relaxed)) return true;
  return false;
}

// The id of an entry, without a visit to the heap: one is made for every frame.
class IdText {
 public:
  IdText(std::string_view epoch, Sequence sequence) {
    char* at = std::copy_n(epoch.data(), std::min(epoch.size(), kMaxLastEventIdBytes), text_);
    *at++ = '-';
    end_ = std::to_chars(at, text_ + sizeof text_, sequence).ptr;
  }
  operator std::string_view() const { return {text_, static_cast<std::size_t>(end_ - text_)}; }

 private:
  char text_[kMaxLastEventIdBytes + 1 + 20];
  const char* end_;
};

void append_named(const EntryView& entry, std::string_view id, std::string& out) {
  if (entry.facts.name.empty()) return;
  const JsonView payload = JsonView(entry.body)["payload"];
  if (payload.present())
    append_sse_frame(out, {.id = id, .event = entry.facts.name, .data = payload.text()});
}

void append_entry(const EntryView& entry, std::string_view id, std::string& out) {
  append_sse_frame(out, {.id = id, .event = entry.facts.name, .data = entry.body});
}

}  // namespace

std::string_view name_of(Projection projection) {
  constexpr std::array<std::string_view, kProjections> kNames{"raw", "console", "named"};
  return kNames[static_cast<std::size_t>(projection)];
}

Projector::Projector(Epoch epoch, const Clock& clock, Log& log, Metrics& metrics)
    : epoch_(std::move(epoch)),
      clock_(clock),
      log_(log),
      oversize_(metrics.counter("stream_envelope_oversize_total")),
      annotation_errors_(metrics.counter("console_annotation_errors_total")),
      unknown_types_(metrics.counter("console_unknown_types_total")) {
}

void Projector::append(Projection projection, const EntryView& entry, std::string& out) {
  const IdText id(epoch_, entry.sequence);
  if (projection == Projection::console) return append_console(entry, id, out);
  if (entry.body.size() > kMaxStreamedEnvelope) return append_oversize(entry, id, out);
  if (projection == Projection::named) return append_named(entry, id, out);
  append_entry(entry, id, out);
}

void Projector::append_console(const EntryView& entry, std::string_view id, std::string& out) {
  // Measured before it is looked into: the look costs a scan of the envelope.
  const bool oversize = entry.body.size() > kMaxStreamedEnvelope;
  const ConsoleView view =
      annotate_for_console(entry.facts.type, oversize ? R"({"timestamp_ns":"0"})" : entry.body);
  switch (view.kind) {
    case ConsoleView::Kind::left_out:
      return;
    case ConsoleView::Kind::unknown:
      return warn_unknown(entry, id);
    case ConsoleView::Kind::no_stamp:
      if (first_to_tell(annotation_told_, entry.sequence)) {
        annotation_errors_.add();
        log_.warn("console_annotation_error", {{"error", "EnvelopeAnnotationError"},
                                               {"id", std::string(id)},
                                               {"reason", "timestamp_ns is missing"}});
      }
      return;
    case ConsoleView::Kind::taken:
      if (first_to_tell(annotation_told_, entry.sequence))
        log_.warn("console_envelope_left_out",
                  {{"id", std::string(id)},
                   {"reason", "has semantic_class, highlight_color or display already"}});
      return;
    case ConsoleView::Kind::as_is:
      if (oversize) return append_oversize(entry, id, out);
      return append_entry(entry, id, out);
    case ConsoleView::Kind::shown:
      if (oversize) return append_oversize(entry, id, out);
      return append_sse_frame(out, {.id = id, .event = {}, .data = view.text});
  }
}

void Projector::append_oversize(const EntryView& entry, std::string_view id, std::string& out) {
  if (first_to_tell(oversize_told_, entry.sequence)) {
    oversize_.add();
    log_.warn("envelope_oversize", {{"id", std::string(id)},
                                    {"bytes", std::to_string(entry.body.size())},
                                    {"limit", std::to_string(kMaxStreamedEnvelope)}});
  }
  append_oversize_frame(out, id, entry.body.size());
}

void Projector::warn_unknown(const EntryView& entry, std::string_view id) {
  unknown_types_.add();
  const TimePoint now = clock_.steady();
  {
    MutexLock lock(mutex_);
    if (quiet_until_.size() >= kMaxQuietTypes)
      std::erase_if(quiet_until_, [now](const auto& each) { return each.second <= now; });
    const auto known = quiet_until_.find(entry.facts.type);
    if (known != quiet_until_.end()) {
      if (now < known->second) return;
      known->second = now + kQuietPerType;
    } else {
      // So many unknown types in one minute are noise, and were said often enough.
      if (quiet_until_.size() >= kMaxQuietTypes) return;
      quiet_until_.emplace(entry.facts.type, now + kQuietPerType);
    }
  }
  log_.warn("console_unknown_type", {{"type", entry.facts.type}, {"id", std::string(id)}});
}

}  // namespace devs
