#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/query/query_filter.h"

namespace devs {

// Reads the parameters of a question one after the other; after the first refusal nothing
// more.  Each is left as it is when it was not given.
class ParameterReading {
 public:
  // REQUIRES: both outlive this.
  ParameterReading(const QueryParameters& given, BadField& bad) : given_(given), bad_(bad) {}

  void saop_id(std::string_view name, std::string& out);
  void time(std::string_view name, std::optional<std::int64_t>& out);
  void count(std::string_view name, std::size_t least, std::size_t most, std::size_t& out);
  void number(std::string_view name, std::string_view grammar, std::optional<double>& out);
  // One of `words`; the index of it.
  template <std::size_t N>
  std::size_t word(std::string_view name, const std::array<std::string_view, N>& words,
                   std::size_t standing, std::string_view grammar) {
    const std::string* const text = find_filled(name);
    if (text == nullptr) return standing;
    const auto found = std::find(words.begin(), words.end(), *text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    refuse(name, grammar);
    return standing;
  }

  void refuse(std::string_view name, std::string_view message);
  // nullptr: not given (the second: or empty), or something was refused.
  const std::string* find(std::string_view name) const;
  const std::string* find_filled(std::string_view name) const;

 private:
  const QueryParameters& given_;
  BadField& bad_;
};

}  // namespace devs
