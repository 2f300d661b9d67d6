#include "orchestrator/net/http_front.h"

#include "orchestrator/net/front_core.h"

namespace devs {

HttpFront::HttpFront(Options options, RouteTable routes, Authorize authorize, Reactor& reactor,
                     WorkerPool& workers, Log& log, Metrics& metrics)
    : core_(std::make_shared<FrontCore>(*this, std::move(options), std::move(routes),
                                        std::move(authorize), reactor, workers, log, metrics)) {
}

HttpFront::~HttpFront() {
  core_->destroy();
}

Status HttpFront::listen() {
  return core_->listen();
}
std::uint16_t HttpFront::port() const {
  return core_->port();
}
const std::vector<Route>& HttpFront::routes() const {
  return core_->routes();
}
void HttpFront::close() {
  core_->close();
}
void HttpFront::stop(TimePoint deadline) {
  core_->stop(deadline);
}
HttpFront::Counts HttpFront::counts() const {
  return core_->counts();
}
bool HttpFront::shedding() const {
  return core_->shedding();
}

}  // namespace devs
