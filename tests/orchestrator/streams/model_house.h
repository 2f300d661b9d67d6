#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/net/http_front.h"
#include "orchestrator/streams/stream_routes.h"
#include "tests/orchestrator/streams/captured_log.h"
#include "tests/orchestrator/streams/model_entry.h"
#include "tests/support/broken_file.h"
#include "tests/support/fake_clock.h"
#include "tests/support/patience.h"
#include "tests/support/raw_client.h"
#include "trace/flight_recorder.h"
#include "trace/mutex.h"
#include "trace/segment_keeper.h"

namespace devs {

// What differs between two lives of a house.
struct ModelHouseOptions {
  std::filesystem::path dir;
  std::size_t ring = 64;
  std::uint64_t segment_bytes = 4096;
  std::uint64_t keep_entries = 100;
  std::size_t socket_bytes = 4096;  // that the kernel takes for a stopped reader
  OnFailure on_failure = OnFailure::refuse;
};

// Bus, recorder, keeper, hub, reactor and front, each on its own thread where the
// server has one: orchestrator_server without the tools.
//
// Thread-safe as its parts are; built, closed and destroyed by the test's thread.
class ModelHouse {
 public:
  ModelHouse(const ModelHouseOptions& options, FakeClock& clock);
  ~ModelHouse();
  ModelHouse(const ModelHouse&) = delete;
  ModelHouse& operator=(const ModelHouse&) = delete;

  const std::string& epoch() const { return flight->epoch(); }
  std::uint16_t port() const { return front->port(); }
  // The clock moves: everything before has happened, and the reactor has seen it when
  // this returns.
  void pass(Duration time);
  void turn();  // of the reactor, a whole one
  bool flush() { return recorder.flush(soon()).ok(); }

  // As the server stops: nothing is published after this returns, all of it is stored,
  // and readers are saying goodbye.
  void close();

  FakeClock& clock;
  BrokenDisk disk;
  CapturedLog log;
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  const std::unique_ptr<Pins> pins;
  TraceStreamBus bus;
  FlightRecorder recorder;
  SegmentKeeper keeper;
  Reactor reactor;
  WorkerPool http_workers, house_workers;
  StoredWaiters waiters;
  StreamHub hub;
  PublishEndpoint publishing;
  TraceEndpoint trace;
  std::unique_ptr<HttpFront> front;

 private:
  std::jthread turning_;
};

// One thread that publishes what it is told to, by the bus or over HTTP, and remembers
// which sequence each entry got.
class ModelPublisher {
 public:
  ModelPublisher(ModelHouse& house, std::uint64_t seed, std::string name, bool over_http, bool fat);
  ~ModelPublisher() { stop(); }

  void publish(std::size_t entries) DEVS_EXCLUDES(mutex_);  // so many more; returns at once
  // All of them are published, or it has failed.
  void finish() DEVS_EXCLUDES(mutex_);
  void stop() DEVS_EXCLUDES(mutex_);  // finishes first

  // After stop().
  std::map<Sequence, ModelEntry> published;
  std::string wrong;

 private:
  void work();
  Sequence publish_direct(const std::vector<ModelEntry>& entries);
  Sequence publish_over_http(const std::vector<ModelEntry>& entries);

  ModelHouse& house_;
  Dice dice_;
  const std::string name_;
  const bool over_http_, fat_;
  std::size_t made_ = 0;
  std::optional<RawClient> client_;  // of one over HTTP

  Mutex mutex_;
  CondVar changed_;
  std::size_t wanted_ DEVS_GUARDED_BY(mutex_) = 0;
  bool stopping_ DEVS_GUARDED_BY(mutex_) = false;
  bool ended_ DEVS_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace devs
