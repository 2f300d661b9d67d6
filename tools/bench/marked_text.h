#pragma once

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "tools/bench/nanoseconds.h"

namespace devs {

// What a publisher hides in what it says, so that a reader of any projection finds it: the
// time at which it was due.  It is an id by every grammar of ours.
inline constexpr std::string_view kMarkBegin = "due-";
inline constexpr std::size_t kMarkDigits = 19;
inline constexpr std::size_t kMarkBytes = kMarkBegin.size() + kMarkDigits;

inline std::string mark_of(Nanos due) {
  char text[kMarkBytes + 1];
  std::snprintf(text, sizeof text, "due-%019lld", static_cast<long long>(due));
  return text;
}

// The first whole mark in `bytes`, and where it ends.
struct FoundMark {
  Nanos due = 0;
  std::size_t end = 0;
};
inline std::optional<FoundMark> find_mark(std::string_view bytes, std::size_t from) {
  const std::size_t at = bytes.find(kMarkBegin, from);
  if (at == std::string_view::npos || bytes.size() - at < kMarkBytes) return std::nullopt;
  FoundMark found{0, at + kMarkBytes};
  for (const char digit : bytes.substr(at + kMarkBegin.size(), kMarkDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    found.due = found.due * 10 + (digit - '0');
  }
  return found;
}

// `text` with `{mark}` replaced by the mark of `due`, wherever it stands.
inline std::string marked(std::string text, Nanos due) {
  constexpr std::string_view kHere = "{mark}";
  const std::string mark = mark_of(due);
  for (std::size_t at = text.find(kHere); at != std::string::npos; at = text.find(kHere, at))
    text.replace(at, kHere.size(), mark);
  return text;
}

}  // namespace devs
