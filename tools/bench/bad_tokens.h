#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "tools/bench/endpoint.h"
#include "tools/bench/http_answer.h"
#include "tools/bench/nanoseconds.h"

namespace devs {

// Requests with a token that is none, each another one, in every place where a token may
// stand, on routes of every kind; all must be answered with 401.
//
// run() belongs to one thread; the counts may be read by any.
class BadTokens {
 public:
  BadTokens(Endpoint endpoint, double per_second);
  ~BadTokens();
  BadTokens(const BadTokens&) = delete;
  BadTokens& operator=(const BadTokens&) = delete;

  // Sends at its rate until `until`.
  void run(Nanos until);
  std::size_t refused() const { return refused_; }  // with 401, as they must be
  std::size_t wrong() const { return wrong_; }      // with something else, or not at all

 private:
  struct Lane {
    int fd = -1;
    HttpAnswers answers;
  };
  std::string next_request();
  void ask(Lane& lane);

  const Endpoint endpoint_;
  const double per_second_;
  std::vector<Lane> lanes_;
  std::size_t number_ = 0;
  std::atomic<std::size_t> refused_{0}, wrong_{0};
};

}  // namespace devs
