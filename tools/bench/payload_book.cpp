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

std::string with_topic(std::string path, const std::string& topic) {
  constexpr std::string_view kPlace = "{topic}";
  if (const auto at = path.find(kPlace); at != std::string::npos)
    path.replace(at, kPlace.size(), topic);
  return path;
}

PayloadBook::PayloadBook(const Plan& plan) : plan_(plan), mark_(kMark) {
  assert(plan.bytes >= kLeastBytes && plan.burst % plan.batch == 0);
  pages_.reserve(plan.count * plan.bytes);
  for (std::size_t number = 0; number < plan.count; ++number) {
    char head[kLeastBytes];
    const int length = std::snprintf(
        head, sizeof head, R"(%s%zu,"timestamp_ns":"%lld","task_id":"%s","payload":{"fill":")",
        kMark.data(), kFirstNumber + number, static_cast<long long>(due(number)),
        topic_name(topic_of(number)).c_str());
    pages_.append(head, static_cast<std::size_t>(length));
    // The fill differs from one payload to the next: a mix-up does not go unseen.
    const char fill = static_cast<char>('a' + number % 26);
    pages_.append((number + 1) * plan.bytes - pages_.size() - 3, fill);
    pages_ += "\"}}";
  }
}

Nanos PayloadBook::due(std::size_t number) const {
  number -= number % plan_.burst;
  return plan_.begin + static_cast<Nanos>(static_cast<double>(number) * 1e9 / plan_.per_second);
}

std::size_t PayloadBook::payloads_of(std::size_t topic) const {
  return plan_.count / plan_.topics + (topic < plan_.count % plan_.topics ? 1 : 0);
}

std::string PayloadBook::topic_name(std::size_t topic) {
  char name[32];
  std::snprintf(name, sizeof name, "bench-%06zu", topic);
  return name;
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
