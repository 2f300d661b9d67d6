#include "orchestrator/query/parameter_reading.h"

#include <charconv>
#include <cmath>

#include "protocol/ids.h"
#include "protocol/wall_time.h"

namespace devs {

void ParameterReading::saop_id(std::string_view name, std::string& out) {
  const std::string* const text = find(name);
  if (text == nullptr) return;
  if (!is_saop_id(*text)) return refuse(name, "must be 1 to 128 of A-Z a-z 0-9 . _ : @ -");
  out = *text;
}

void ParameterReading::time(std::string_view name, std::optional<std::int64_t>& out) {
  const std::string* const text = find_filled(name);
  if (text == nullptr) return;
  out = ms_of_time(*text);
  if (!out) refuse(name, "must be an ISO time in UTC (2026-11-21T01:24:05Z) or ms since 1970");
}

void ParameterReading::count(std::string_view name, std::size_t least, std::size_t most,
                             std::size_t& out) {
  const std::string* const text = find_filled(name);
  if (text == nullptr) return;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, out);
  if (stop != end || error != std::errc() || out < least || out > most)
    refuse(name, "must be a number from " + std::to_string(least) + " to " + std::to_string(most));
}

void ParameterReading::number(std::string_view name, std::string_view grammar,
                              std::optional<double>& out) {
  const std::string* const text = find(name);
  if (text == nullptr) return;
  double value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (stop != end || error != std::errc() || !std::isfinite(value) || std::signbit(value))
    return refuse(name, grammar);
  out = value;
}

void ParameterReading::refuse(std::string_view name, std::string_view message) {
  if (bad_.field.empty()) bad_ = {std::string(name), std::string(message)};
}

const std::string* ParameterReading::find(std::string_view name) const {
  const std::string* const text = given_(name);
  return bad_.field.empty() ? text : nullptr;
}

const std::string* ParameterReading::find_filled(std::string_view name) const {
  const std::string* const text = find(name);
  return text != nullptr && !text->empty() ? text : nullptr;
}

}  // namespace devs
