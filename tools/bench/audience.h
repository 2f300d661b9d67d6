#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/latency.h"
#include "tools/bench/payload_book.h"

namespace devs {

// N readers of one SSE stream in one thread, cheap enough not to be what is measured:
// frames are found by their first bytes, not parsed.
//
// Each payload is compared whole with what was published.  All readers must see the
// same order: the first to get its n-th payload decides what the n-th is, and that
// one order must hold every number once and be ascending per publisher's connection.
//
// Confined to its thread.
class Audience {
 public:
  struct Outcome {
    std::uint64_t deliveries = 0;
    std::uint64_t damaged = 0;     // ours by its beginning, not byte for byte
    std::uint64_t disordered = 0;  // other than what another reader got at this place
    std::uint64_t repeated = 0;
    std::uint64_t reads = 0;   // recv calls that brought bytes
    std::uint64_t foreign = 0;  // frames of the server's own
    std::size_t lost = 0;      // connections that ended
    Latency latency;           // due to received, from the first measured number on
  };

  // Connects `readers` and returns once each got its answer's head and is subscribed.
  static Result<std::unique_ptr<Audience>> open(const Endpoint& endpoint,
                                                std::size_t readers);
  ~Audience();

  // What to expect; latency counts from number `measure_from`.
  void expect(const PayloadBook& book, std::size_t lanes, std::size_t measure_from);
  // One wait for bytes, `patience` at most, and all that came.
  void turn(Nanos patience);
  // All readers have all payloads, or are gone.
  bool done() const { return satisfied_ + outcome_.lost >= readers_.size(); }
  // Payloads that readers still wait for.
  std::uint64_t missing() const;
  const Outcome& outcome() const { return outcome_; }

 private:
  struct Reader {
    int fd = -1;
    bool greeted = false;
    std::uint32_t seen = 0;
    std::string rest;  // bytes of an unfinished frame
  };

  Audience() = default;
  Status connect(const Endpoint& endpoint, std::size_t readers);
  void receive(Reader& reader);
  std::size_t consume(Reader& reader, std::string_view bytes);
  void deliver(Reader& reader, std::string_view payload);
  void agree_on(std::size_t number);
  void lose(Reader& reader);

  int epoll_ = -1;
  std::vector<Reader> readers_;
  std::size_t greeted_ = 0, satisfied_ = 0;
  std::vector<char> buffer_;
  Nanos received_at_ = 0;

  const PayloadBook* book_ = nullptr;
  std::size_t lanes_ = 1, measure_from_ = 0;
  std::vector<std::uint32_t> order_;        // the numbers, as all readers see them
  std::vector<bool> known_;                 // by number: is in order_
  std::vector<std::int64_t> last_of_lane_;  // the newest number in order_
  Outcome outcome_;
};

}  // namespace devs
