#pragma once

#include <memory>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/front_shared.h"

namespace devs {

// cpp-httplib as a router and writer over memory: one complete request in, the
// bytes of its answer out.  It parses constants of ours only; what a client sent
// is put in place afterwards, as values.
//
// Immutable after construction, so all http workers use it at once.
class HttpRouter {
 public:
  HttpRouter(const RouteTable& routes, const HttpFront::Authorize& authorize,
             const Admission& admission, const HttpFront::Options& options, const Clock& clock,
             Log& log, Metrics& metrics);
  ~HttpRouter();

  // Runs Authorize and the handler of `request.route` on `exchange`, and says
  // what became of it.  Blocks as long as they do.
  Outcome run(const Request& request, Exchange& exchange, bool close) const;

 private:
  class Server;
  const std::unique_ptr<Server> server_;
};

}  // namespace devs
