#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/net/admission.h"
#include "orchestrator/net/answer_writer.h"
#include "orchestrator/net/http_front.h"
#include "orchestrator/net/load_level.h"
#include "orchestrator/net/sse_provider.h"

namespace devs {

class ConnectionTable;

// One complete request on its way to an http worker.
struct Request {
  ConnectionId connection;
  RequestHead head;
  std::string body;
  const Route* route = nullptr;
  CorsGrant cors;
  bool close = false;  // after the answer
  TimePoint received;  // its last byte
};

// That the answer of a request will come later.
struct Deferral {
  Duration limit{};
  CorsGrant cors;  // as it was decided in the end
  Work on_gone;
  bool cancel_on_fin = false;
};

// What a worker made of a request; posted to the reactor once, but for `deferred`, of
// which the reactor knows already.
struct Outcome {
  enum class Kind { answered, streaming, deferred };
  Kind kind = Kind::answered;
  std::string head;  // answered: complete
  std::string body;  // answered: may be empty because it is in `head` already
  bool close = false;
  StreamStart stream;
  CorsGrant cors;  // as it was decided in the end
};

// Where complete requests go.  False: the queue is full.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  virtual bool try_dispatch(std::unique_ptr<Request> request) = 0;
  // Its oldest request has waited too long: new ones are not begun.
  virtual bool queue_is_old() = 0;
};

// What all connections of one front share.  Confined to the reactor, but for the
// flags.
struct FrontShared {
  const HttpFront::Options& options;
  Reactor& reactor;
  Log& log;
  Metrics& metrics;
  const Admission& admission;
  Dispatcher& dispatcher;
  ConnectionTable& table;
  Counter& stream_sends;  // calls of the system that took bytes of a stream

  DateLine date{};
  CannedRefusals canned{};
  std::size_t bodies = 0;     // bytes of requests in memory
  std::size_t answers = 0;    // bytes of answers in transit
  std::size_t lingering = 0;  // connections that only wait for their peer's end
  LoadLevel load{};
  std::atomic<bool> shedding{false};
  std::atomic<bool> closing{false};
  std::atomic<bool> stopping{false};

  LoadLevel::Level level();
  void count_refusal(int status, std::string_view reason);
  void count_dropped(std::string_view reason);
};

}  // namespace devs
