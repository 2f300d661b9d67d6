#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace devs {

// What a killed writer and its judge agree on.  The writer says on a pipe, one line each:
//
//   open <epoch> <last> <oldest>    the log is open
//   seen <sequence> <fingerprint>   this entry was visible to a reader
//   bad <what>                      a reader was shown something it must not be

inline std::uint64_t fingerprint(std::string_view bytes) {
  std::uint64_t value = 14695981039346656037u;  // FNV-1a
  for (const char each : bytes) value = (value ^ static_cast<unsigned char>(each)) * 1099511628211u;
  return value;
}

// An envelope that proves itself: who wrote it, which of theirs it is, its own checksum.
struct CrashWord {
  unsigned generation = 0, publisher = 0, number = 0;
  bool operator==(const CrashWord&) const = default;
};

// Most are short, some span pages, so that a kill lands inside a write.
inline std::size_t padding_of(const CrashWord& word) {
  const std::uint64_t dice =
      fingerprint(fmt::format("{} {} {}", word.generation, word.publisher, word.number));
  if (dice % 64 == 0) return 20'000 + dice / 64 % 60'000;
  return dice % 16 == 0 ? dice / 16 % 6'000 : dice / 16 % 200;
}

inline std::string crash_body(const CrashWord& word) {
  std::string body = fmt::format(R"({{"g":{},"p":{},"n":{},"pad":"{}")", word.generation,
                                 word.publisher, word.number, std::string(padding_of(word), 'x'));
  body += fmt::format(R"(,"sum":"{:016x}"}})", fingerprint(body));
  return body;
}

// The topics an entry is published with, which its line does not carry.
inline std::string topics_of(const CrashWord& word) {
  return word.number % 3 == 0 ? fmt::format("owner:u{}", word.publisher) : std::string();
}

// nullopt: nobody wrote this.
inline std::optional<CrashWord> read_crash_body(std::string_view body) {
  CrashWord word;
  const std::string begin(body.substr(0, 64));
  if (std::sscanf(begin.c_str(), R"({"g":%u,"p":%u,"n":%u,)", &word.generation, &word.publisher,
                  &word.number) != 3)
    return {};
  return body == crash_body(word) ? std::optional(word) : std::nullopt;
}

}  // namespace devs
