#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/bench/nanoseconds.h"

namespace devs {

// `path` with `{topic}` replaced by `topic`.
std::string with_topic(std::string path, const std::string& topic);

// Every payload of one run, made before it begins, so that a publisher only sends
// and a reader compares whole payloads byte by byte.  Each is a SAOP thought of
// `bytes` bytes that carries its number, the time at which it is due, and the task it
// belongs to: payload i is of topic i modulo `topics`.
//
// Immutable once made.
class PayloadBook {
 public:
  struct Plan {
    std::size_t count = 0;
    std::size_t bytes = 200;  // of one payload, kLeastBytes at least
    double per_second = 100;
    Nanos begin = 0;        // payload i is due at begin + i / per_second,
    std::size_t burst = 1;  // i rounded down to whole bursts
    std::size_t batch = 1;  // of them in one POST; divides `burst`
    std::size_t topics = 1;
  };
  static constexpr std::size_t kLeastBytes = 160;
  // Of `count` payloads that lie in a log before anybody runs: due when nobody was.
  static Plan of_past(std::size_t count, std::size_t bytes) {
    return {.count = count, .bytes = bytes, .per_second = 1e9, .begin = 1'700'000'000 * kSecond};
  }

  explicit PayloadBook(const Plan& plan);

  std::size_t size() const { return plan_.count; }
  std::size_t bytes() const { return plan_.bytes; }
  Nanos due(std::size_t number) const;
  std::size_t burst() const { return plan_.burst; }
  std::size_t topics() const { return plan_.topics; }
  std::size_t topic_of(std::size_t number) const { return number % plan_.topics; }
  std::size_t payloads_of(std::size_t topic) const;
  // Payloads are posted in batches of at most `batch`, connection after connection.
  std::size_t batch() const { return plan_.batch; }
  std::size_t lane_of(std::size_t number, std::size_t lanes) const {
    return number / plan_.batch % lanes;
  }
  // The id a topic has in payloads and in URLs.
  static std::string topic_name(std::size_t topic);
  std::string_view at(std::size_t number) const;

  // What all payloads begin with, and nothing else that a server sends does.
  std::string_view mark() const { return mark_; }
  // The number in `text`, which is bytes() long; size() if it has none of ours.
  std::size_t number_in(std::string_view text) const;

 private:
  const Plan plan_;
  const std::string_view mark_;
  std::string pages_;
};

}  // namespace devs
