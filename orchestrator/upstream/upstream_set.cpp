#include "orchestrator/upstream/upstream_set.h"

#include <algorithm>
#include <utility>

#include "orchestrator/upstream/child_process.h"
#include "orchestrator/upstream/stdio_upstream.h"
#include "trace/mutex.h"

namespace devs {

class UpstreamSet::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Options options, StdioUpstream::House house)
      : options_(std::move(options)), reactor_(house.reactor) {
    const std::string guard = options_.guard_path.empty() ? find_guard() : options_.guard_path;
    const std::vector<std::string> environment = allowed_environment();
    for (const UpstreamConfig& config : options_.upstreams)
      upstreams_.push_back(std::make_shared<StdioUpstream>(
          StdioUpstream::Options{.config = config,
                                 .guard_path = guard,
                                 .environment = environment,
                                 .backoff_first = options_.backoff_first,
                                 .backoff_last = options_.backoff_last,
                                 .healthy_after = options_.healthy_after,
                                 .stop_step = options_.stop_step,
                                 .on_settled = [this] { count(&Impl::unsettled_); }},
          house));
    MutexLock lock(mutex_);
    unsettled_ = unstopped_ = upstreams_.size();
  }

  void start() DEVS_EXCLUDES(mutex_) {
    if (std::exchange(started_, true)) return;
    reactor_.post([self = shared_from_this()] {
      for (const auto& upstream : self->upstreams_) upstream->start();
    });
  }

  void wait_settled(TimePoint deadline) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (unsettled_ > 0)
      if (!changed_.wait_until(mutex_, deadline)) return;
  }

  void stop() DEVS_EXCLUDES(mutex_) {
    for (const auto& upstream : upstreams_) upstream->refuse_calls();
    if (!started_ || std::exchange(stopped_, true)) return;
    reactor_.post([self = shared_from_this()] {
      for (const auto& upstream : self->upstreams_)
        upstream->stop([self] { self->count(&Impl::unstopped_); });
    });
    MutexLock lock(mutex_);
    while (unstopped_ > 0) changed_.wait(mutex_);
  }

  std::vector<UpstreamState> states() const {
    std::vector<UpstreamState> states;
    for (const auto& upstream : upstreams_) states.push_back(upstream->state());
    return states;
  }

 private:
  void count(std::size_t Impl::*left) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    --(this->*left);
    changed_.notify_all();
  }

  const Options options_;
  Reactor& reactor_;
  std::vector<std::shared_ptr<StdioUpstream>> upstreams_;
  bool started_ = false;  // both are the owner's
  bool stopped_ = false;

  Mutex mutex_;
  CondVar changed_;
  std::size_t unsettled_ DEVS_GUARDED_BY(mutex_) = 0;
  std::size_t unstopped_ DEVS_GUARDED_BY(mutex_) = 0;
};

UpstreamSet::UpstreamSet(Options options, TraceStreamBus& bus, ToolRegistry& tools,
                         Reactor& reactor, WorkerPool& workers, Log& log, Metrics& metrics)
    : impl_(std::make_shared<Impl>(
          std::move(options), StdioUpstream::House{bus, tools, reactor, workers, log, metrics})) {
}

UpstreamSet::~UpstreamSet() {
  impl_->stop();
}

void UpstreamSet::start() {
  impl_->start();
}
void UpstreamSet::wait_settled(TimePoint deadline) {
  impl_->wait_settled(deadline);
}
void UpstreamSet::stop() {
  impl_->stop();
}
std::vector<UpstreamState> UpstreamSet::states() const {
  return impl_->states();
}

}  // namespace devs
