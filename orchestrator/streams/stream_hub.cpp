#include "orchestrator/streams/stream_hub.h"

#include <utility>

#include "orchestrator/streams/hub_core.h"
#include "orchestrator/streams/reader_requests.h"
#include "orchestrator/streams/stream_reader.h"

namespace devs {

class StreamHub::Impl : public HubCore {
 public:
  using HubCore::HubCore;
};

StreamHub::StreamHub(Options options, TraceStreamBus& bus, const FlightLog& log, Reactor& reactor,
                     WorkerPool& workers, Log& lines, Metrics& metrics,
                     std::vector<std::shared_ptr<const Projection>> projections) {
  auto projector = std::make_shared<Projector>(log.epoch(), reactor.clock(), lines, metrics);
  for (auto& each : projections) projector->add(std::move(each));
  impl_ = std::make_shared<Impl>(options, bus,
                                 std::shared_ptr<const StoredLog>(std::shared_ptr<void>(), &log),
                                 std::move(projector), reactor, workers, metrics);
  impl_->start();
}

StreamHub::~StreamHub() = default;

void StreamHub::open(Exchange& exchange, const StreamProfile& profile, const StreamOpener& opener) {
  impl_->open(exchange, profile, opener);
}

bool StreamHub::knows_projection(std::string_view name) const {
  return impl_->knows_projection(name);
}

void StreamHub::list(Exchange& exchange) {
  list_readers(*impl_, exchange);
}
void StreamHub::evict(Exchange& exchange) {
  evict_reader(*impl_, exchange);
}
void StreamHub::change_topics(Exchange& exchange) {
  change_reader_topics(*impl_, exchange);
}
void StreamHub::step(Exchange& exchange) {
  step_reader(*impl_, exchange);
}

void StreamHub::put(std::string stream_id, std::string frame, MoveFunction<void(bool taken)> then) {
  impl_->ask(std::move(stream_id), [frame = std::move(frame), then = std::move(then)](
                                       HubCore&, StreamReader* stream) mutable {
    then(stream != nullptr && stream->put(frame));
  });
}
void StreamHub::part(std::string stream_id) {
  impl_->ask(std::move(stream_id), [](HubCore& here, StreamReader* stream) {
    if (stream != nullptr) stream->part(here.goodbye_retry_ms());
  });
}

void StreamHub::goodbye(std::chrono::milliseconds spread) {
  impl_->goodbye(spread);
}

std::size_t StreamHub::readers_of(std::string_view profile) const {
  return impl_->readers_of(profile);
}
std::int64_t StreamHub::uptime_s() const {
  return impl_->uptime_s();
}
std::size_t StreamHub::readers() const {
  return impl_->readers();
}

}  // namespace devs
