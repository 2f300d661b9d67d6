#include "orchestrator/streams/projector.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "orchestrator/streams/console_projection.h"
#include "orchestrator/streams/websocket_projection.h"
#include "protocol/limits.h"

namespace devs {
namespace {

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

}  // namespace

Projector::Projector(Epoch epoch, const Clock& clock, Log& log, Metrics& metrics)
    : epoch_(std::move(epoch)),
      log_(log),
      oversize_(metrics.counter("stream_envelope_oversize_total")) {
  add(std::make_shared<RawProjection>());
  add(std::make_shared<ConsoleProjection>(clock, log, metrics));
  add(std::make_shared<NamedProjection>());
  add(std::make_shared<WebSocketProjection>());
}

void Projector::add(std::shared_ptr<const Projection> projection) {
  projections_.push_back(std::move(projection));
}

const Projection* Projector::find(std::string_view name) const {
  for (const auto& each : projections_)
    if (each->name() == name) return each.get();
  return nullptr;
}

void Projector::append(const Projection& projection, const EntryView& entry, std::string& out) {
  const IdText id(epoch_, entry.sequence);
  if (entry.body.size() <= kMaxStreamedEnvelope) return projection.append(entry, id, out);
  if (!projection.shows(entry, id)) return;
  if (first_to_tell(oversize_told_, entry.sequence)) {
    oversize_.add();
    log_.warn("envelope_oversize", {{"id", std::string(id)},
                                    {"bytes", std::to_string(entry.body.size())},
                                    {"limit", std::to_string(kMaxStreamedEnvelope)}});
  }
  projection.append_control(oversize_event(id, entry.body.size()), out);
}

}  // namespace devs
