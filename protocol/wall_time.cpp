#include "protocol/wall_time.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace devs {
namespace {

constexpr std::int64_t kMsPerDay = 86'400'000;
constexpr std::size_t kMaxMsDigits = 15;  // the year 33658: far from any overflow

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t value_of(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

std::string iso_of_ms(std::int64_t ms) {
  const std::int64_t day = ms >= 0 ? ms / kMsPerDay : (ms - kMsPerDay + 1) / kMsPerDay;
  const std::int64_t rest = ms - day * kMsPerDay;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(day)}}};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(rest / 3'600'000),
                static_cast<int>(rest / 60'000 % 60), static_cast<int>(rest / 1'000 % 60),
                static_cast<int>(rest % 1'000));
  return text;
}

std::optional<std::int64_t> ms_of_time(std::string_view text) {
  if (all_digits(text)) {
    if (text.size() > kMaxMsDigits) return std::nullopt;
    return value_of(text);
  }
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() <= kShape.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t at = 0; at < kShape.size(); ++at)
    if (kShape[at] == '0' ? !all_digits(text.substr(at, 1)) : text[at] != kShape[at])
      return std::nullopt;
  const std::string_view decimals = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  std::int64_t ms = 0;
  if (!decimals.empty()) {
    if (decimals.front() != '.' || decimals.size() > 10 || !all_digits(decimals.substr(1)))
      return std::nullopt;
    ms = value_of((std::string(decimals.substr(1)) + "00").substr(0, 3));
  }
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(value_of(text.substr(0, 4)))},
      std::chrono::month{static_cast<unsigned>(value_of(text.substr(5, 2)))},
      std::chrono::day{static_cast<unsigned>(value_of(text.substr(8, 2)))}};
  const std::int64_t hour = value_of(text.substr(11, 2));
  const std::int64_t minute = value_of(text.substr(14, 2));
  const std::int64_t second = value_of(text.substr(17, 2));
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return days * kMsPerDay + ((hour * 60 + minute) * 60 + second) * 1'000 + ms;
}

}  // namespace devs
