#include "tools/bench/payload_book.h"

#include <cassert>
#include <charconv>
#include <cstdio>

namespace devs {
namespace {

constexpr std::string_view kMark = R"({"type":"thought","agent_id":"bench","turn_index":)";
constexpr std::size_t kDigits = 10;
// A number that may not begin with 0 begins at this one.
constexpr std::size_t kFirstNumber = 1'000'000'000;

}  // namespace

PayloadBook::PayloadBook(const Plan& plan) : plan_(plan), mark_(kMark) {
  assert(plan.bytes >= kLeastBytes);
  pages_.reserve(plan.count * plan.bytes);
  for (std::size_t number = 0; number < plan.count; ++number) {
    char head[kLeastBytes];
    const int length = std::snprintf(
        head, sizeof head, R"(%s%zu,"timestamp_ns":"%lld","payload":{"fill":")", kMark.data(),
        kFirstNumber + number, static_cast<long long>(due(number)));
    pages_.append(head, static_cast<std::size_t>(length));
    // The fill differs from one payload to the next: a mix-up does not go unseen.
    const char fill = static_cast<char>('a' + number % 26);
    pages_.append((number + 1) * plan.bytes - pages_.size() - 3, fill);
    pages_ += "\"}}";
  }
}

Nanos PayloadBook::due(std::size_t number) const {
  return plan_.begin +
         static_cast<Nanos>(static_cast<double>(number) * 1e9 / plan_.per_second);
}

std::string_view PayloadBook::at(std::size_t number) const {
  return std::string_view(pages_).substr(number * plan_.bytes, plan_.bytes);
}

std::size_t PayloadBook::number_in(std::string_view text) const {
  std::size_t number = 0;
  const char* from = text.data() + kMark.size();
  const char* end = from + kDigits;
  if (std::from_chars(from, end, number).ptr != end || number < kFirstNumber) return size();
  number -= kFirstNumber;
  return number < size() ? number : size();
}

}  // namespace devs
