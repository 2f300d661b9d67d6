#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/bench/nanoseconds.h"

namespace devs {

// Every payload of one run, made before it begins, so that a publisher only sends
// and a reader compares whole payloads byte by byte.  Each is a SAOP thought of
// `bytes` bytes that carries its number and the time at which it is due.
//
// Immutable once made.
class PayloadBook {
 public:
  struct Plan {
    std::size_t count = 0;
    std::size_t bytes = 200;  // of one payload, kLeastBytes at least
    double per_second = 100;
    Nanos begin = 0;  // payload i is due at begin + i / per_second
  };
  static constexpr std::size_t kLeastBytes = 130;

  explicit PayloadBook(const Plan& plan);

  std::size_t size() const { return plan_.count; }
  std::size_t bytes() const { return plan_.bytes; }
  Nanos due(std::size_t number) const;
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
