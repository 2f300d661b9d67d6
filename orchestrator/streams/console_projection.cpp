#include "orchestrator/streams/console_projection.h"

#include "protocol/sse_frame.h"

namespace devs {
namespace {

constexpr auto kQuietPerType = std::chrono::minutes(1);
constexpr std::size_t kMaxQuietTypes = 256;

}  // namespace

bool first_to_tell(std::atomic<Sequence>& told, Sequence sequence) {
  Sequence before = told.load(std::memory_order_relaxed);
  while (before < sequence)
    if (told.compare_exchange_weak(before, sequence, std::memory_order_relaxed)) return true;
  return false;
}

ConsoleProjection::ConsoleProjection(const Clock& clock, Log& log, Metrics& metrics)
    : clock_(clock),
      log_(log),
      annotation_errors_(metrics.counter("console_annotation_errors_total")),
      unknown_types_(metrics.counter("console_unknown_types_total")) {
}

void ConsoleProjection::append(const EntryView& entry, std::string_view id,
                               std::string& out) const {
  const ConsoleView view = annotate_for_console(entry.facts.type, entry.body);
  if (!judge(view.kind, entry, id)) return;
  if (view.kind == ConsoleView::Kind::as_is)
    return append_sse_frame(out, {.id = id, .event = entry.facts.name, .data = entry.body});
  append_sse_frame(out, {.id = id, .event = {}, .data = view.text});
}

// By its type alone: a look into it would cost a scan of the envelope.
bool ConsoleProjection::shows(const EntryView& entry, std::string_view id) const {
  return judge(annotate_for_console(entry.facts.type, R"({"timestamp_ns":"0"})").kind, entry, id);
}

bool ConsoleProjection::judge(ConsoleView::Kind kind, const EntryView& entry,
                              std::string_view id) const {
  switch (kind) {
    case ConsoleView::Kind::left_out:
      return false;
    case ConsoleView::Kind::unknown:
      warn_unknown(entry, id);
      return false;
    case ConsoleView::Kind::no_stamp:
      if (first_to_tell(told_, entry.sequence)) {
        annotation_errors_.add();
        log_.warn("console_annotation_error", {{"error", "EnvelopeAnnotationError"},
                                               {"id", std::string(id)},
                                               {"reason", "timestamp_ns is missing"}});
      }
      return false;
    case ConsoleView::Kind::taken:
      if (first_to_tell(told_, entry.sequence))
        log_.warn("console_envelope_left_out",
                  {{"id", std::string(id)},
                   {"reason", "has semantic_class, highlight_color or display already"}});
      return false;
    case ConsoleView::Kind::as_is:
    case ConsoleView::Kind::shown:
      return true;
  }
  return false;
}

void ConsoleProjection::warn_unknown(const EntryView& entry, std::string_view id) const {
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
