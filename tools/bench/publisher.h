#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

#include "protocol/result.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/http_answer.h"
#include "tools/bench/latency.h"
#include "tools/bench/payload_book.h"

namespace devs {

// Sends the payloads of a book, each when it is due, whatever the server does: an
// open loop.  One POST per payload, or NDJSON per batch, over a few kept connections in
// turn; a connection's payloads are sent in order.
//
// Confined to the thread that runs it; results are read once it has ended.
class Publisher {
 public:
  struct Outcome {
    std::size_t sent = 0;  // POSTs
    std::size_t accepted = 0;
    std::size_t refused = 0;  // answered otherwise than 2xx
    Latency late;             // sent after it was due: what the client itself added
  };

  static Result<std::unique_ptr<Publisher>> open(const Endpoint& endpoint, std::size_t lanes);
  ~Publisher();

  // Returns when all is sent and answered, at `stop`, or at the first connection lost.
  Status run(const PayloadBook& book, const std::stop_token& stop);
  const Outcome& outcome() const { return outcome_; }

 private:
  struct Lane {
    int fd = -1;
    HttpAnswers answers;
    std::size_t used = 0;     // requests on this connection
    std::size_t waiting = 0;  // of them, not answered
  };

  explicit Publisher(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
  Status renew(Lane& lane);
  Status publish(Lane& lane, const PayloadBook& book, std::size_t number);
  Status listen(Lane& lane);

  const Endpoint endpoint_;
  std::vector<Lane> lanes_;
  Outcome outcome_;
};

}  // namespace devs
