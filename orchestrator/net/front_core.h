#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "orchestrator/net/connection_table.h"
#include "orchestrator/net/front_shared.h"
#include "orchestrator/net/http_front_router.h"
#include "orchestrator/net/listener.h"
#include "trace/mutex.h"

namespace devs {

// What HttpFront is made of: brings connections, workers and answers together.
//
// Lives as long as the front and whoever is just sending an answer to it.  Works
// it posts know it weakly, so a reactor may outlive it.
class FrontCore final : public Dispatcher,
                        public Reactor::TurnEnd,
                        public std::enable_shared_from_this<FrontCore> {
 public:
  FrontCore(HttpFront& front, HttpFront::Options options, RouteTable routes,
            HttpFront::Authorize authorize, Reactor& reactor, WorkerPool& workers, Log& log,
            Metrics& metrics);
  ~FrontCore() override;

  Status listen();
  std::uint16_t port() const { return listener_.port(); }
  void close();
  void stop(TimePoint deadline) DEVS_EXCLUDES(mutex_);
  // The end of the front: workers are waited for, sockets closed.
  void destroy() DEVS_EXCLUDES(mutex_);
  HttpFront::Counts counts() const;
  const std::vector<Route>& routes() const { return routes_.rows(); }
  bool shedding() const { return shared_.shedding.load(std::memory_order_relaxed); }

  // From the worker that runs the request, before the answer can come.
  void defer(ConnectionId to, Deferral deferral);
  // Answers that were owed; any thread.
  void send(ConnectionId to, HttpAnswer answer);
  void stream(ConnectionId to, StreamStart start);

  bool try_dispatch(std::unique_ptr<Request> request) override;
  bool queue_is_old() override;
  bool on_turn_end() override;

 private:
  template <class F>
  Work for_self(F what);
  template <class F>
  void post(F what);
  void run(std::unique_ptr<Request> request);
  void finish(ConnectionId to, Outcome outcome);
  void on_accepted(Listener::Accepted accepted);
  bool make_room();
  bool is_too_old(TimePoint received, std::size_t waiting) const;
  void fit_to_descriptors();
  void begin_stop(TimePoint deadline);

  HttpFront& front_;
  HttpFront::Options options_;
  const RouteTable routes_;
  const HttpFront::Authorize authorize_;
  Reactor& reactor_;
  WorkerPool& workers_;
  Log& log_;
  Admission admission_;
  const HttpRouter router_;
  ConnectionTable table_;
  FrontShared shared_;
  Listener listener_;
  Timer stop_timer_;
  bool stop_begun_ = false;

  // When the requests that wait for a worker came; the workers count them off.
  std::deque<TimePoint> queued_at_;
  std::uint64_t counted_off_ = 0;
  std::atomic<std::uint64_t> begun_{0};

  Mutex mutex_;
  CondVar changed_;
  std::size_t running_ DEVS_GUARDED_BY(mutex_) = 0;  // requests workers have or will have
  bool stopped_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
