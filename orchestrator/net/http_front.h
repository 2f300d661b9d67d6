#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/route_table.h"
#include "orchestrator/net/worker_pool.h"
#include "protocol/result.h"
#include "trace/log.h"
#include "trace/metrics.h"

namespace devs {

class FrontCore;

// The HTTP face: listener, connections, request reading, dispatch, answers.
//
// The reactor owns every socket and every deadline; cpp-httplib sees one complete
// request in memory on an http worker, as its router and writer of immediate
// answers.  No byte chosen by a client reaches its parser.  Idle connections and
// open streams hold no thread and no buffer.
//
// listen(), close() and stop() belong to the owner's thread; DeferredAnswers come
// back on any thread; the rest is confined to the reactor.
//
// REQUIRES: `reactor`, `workers`, `log` and `metrics` outlive the front, and the
// reactor is not running, or stop() has returned, when it is destroyed.
class HttpFront {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // literal address; 127.0.0.1 brings [::1] too when it is there
    std::uint16_t port = 0;          // 0: any free one
    bool else_any_port = false;      // when somebody has `port`
    std::vector<std::string> hosts{};  // further Host values served, `name` or `name:port`
    // Addresses of proxies whose X-Forwarded-Host and -Proto are believed; see public_base().
    std::vector<std::string> trusted_proxies{};
    std::vector<std::string> origins{};  // Origins allowed by CORS policy `list`; port `*`: any
    // The same for CORS policy `graph`.
    std::vector<std::string> graph_origins{"http://localhost:3000", "http://localhost:8080",
                                           "http://127.0.0.1:*"};
    bool auth_on = false;  // a preflight of CORS policy `any` is then answered with `*`
    HeadLimits head{};
    std::size_t body_budget = 64u << 20u;       // bodies in memory, together
    std::size_t max_answer_bytes = 32u << 20u;  // one answer
    std::size_t answer_budget = 256u << 20u;    // answers in transit, together
    std::size_t max_connections = 12'000;       // streams included
    std::size_t max_per_address = 256;          // not for loopback
    std::size_t max_requests_per_connection = 1'000;
    std::chrono::milliseconds head_deadline{
        10'000};  // from accept, or the first byte after parking
    std::chrono::milliseconds body_deadline{30'000};
    std::chrono::milliseconds parked_deadline{15'000};
    std::chrono::milliseconds write_stall{10'000};   // answers: no progress
    std::chrono::milliseconds stream_stall{30'000};  // streams: no progress while something is due
    std::chrono::milliseconds write_limit{120'000};  // one answer, progress or not
    std::chrono::milliseconds queue_deadline{100};   // shed when the queue's head is older
    // So few waiting are none too many, however old: then the machine stood still, and works
    // them off in milliseconds as soon as it goes on.
    std::size_t queue_short = 256;
    // accept4(2), or what a test puts in its place: descriptor, or -1 and errno.
    std::function<int(int)> accept{};
  };
  // Who is speaking, and may they: a principal, or the refusal to send.  Runs on
  // an http worker before the handler.
  using Authorize = std::function<std::optional<HttpAnswer>(Exchange&, const Route&)>;

  HttpFront(Options options, RouteTable routes, Authorize authorize, Reactor& reactor,
            WorkerPool& workers, Log& log, Metrics& metrics);
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;
  HttpFront& operator=(const HttpFront&) = delete;

  // Binds and listens.  Fails naming address and reason ("address in use").
  Status listen();
  std::uint16_t port() const;                // after listen()
  const std::vector<Route>& routes() const;  // what it serves; immutable

  // Intake ends: listeners closed, parked connections closed, new requests on
  // kept ones get 503.  What is owed is still owed.  Idempotent, any thread.
  void close();
  // Flushes what is written until `deadline`, then closes every socket.  Blocks;
  // not on the reactor, which must be running.
  void stop(TimePoint deadline);

  struct Counts {
    std::size_t connections = 0;
    std::size_t streams = 0;
    std::size_t in_hand = 0;  // requests being read, run or deferred
  };
  Counts counts() const;  // any thread
  bool shedding() const;  // any thread

 private:
  friend class Exchange;
  const std::shared_ptr<FrontCore> core_;
};

}  // namespace devs
