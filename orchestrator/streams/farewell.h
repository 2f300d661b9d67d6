#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "orchestrator/net/reactor.h"

namespace devs {

// Goodbye to many readers: each at its share of the time, each with its own time to
// come back, so that neither this house nor the next one is stormed.
//
// Confined to the reactor.
class Farewell {
 public:
  using Part = std::function<void(std::uint64_t reader, unsigned retry_ms)>;
  Farewell(Reactor& reactor, Part part);

  void begin(std::vector<std::uint64_t> readers, std::chrono::milliseconds spread);
  bool begun() const { return begun_; }
  unsigned retry_ms();  // uniform in 1000..5000

 private:
  void say();

  Reactor& reactor_;
  const Part part_;
  bool begun_ = false;
  std::vector<std::uint64_t> left_;  // have not heard it yet
  std::size_t total_ = 0;
  std::size_t spread_ms_ = 0;
  TimePoint over_by_{};
  Timer tick_;
  std::uint64_t dice_;
};

}  // namespace devs
