#include "trace/metrics.h"

namespace devs {
namespace {

// Between name and labels in a key.  Less than any character of a name, so that
// all series of one name stand together, as the format wants them.
constexpr char kSeparator = ' ';

}  // namespace

void Counter::raise(std::uint64_t n) {
  std::uint64_t seen = value_.load(std::memory_order_relaxed);
  while (seen < n &&
         !value_.compare_exchange_weak(seen, n, std::memory_order_relaxed)) {
  }
}

Counter& Metrics::counter(std::string_view name, std::string_view labels) {
  std::string key(name);
  key += kSeparator;
  key += labels;
  MutexLock lock(mutex_);
  auto& counter = counters_[std::move(key)];
  if (!counter) counter = std::make_unique<Counter>();
  return *counter;
}

std::string Metrics::text() const {
  std::string out;
  std::string_view described;
  MutexLock lock(mutex_);
  for (const auto& [key, counter] : counters_) {
    const std::size_t split = key.find(kSeparator);
    const std::string_view name = std::string_view(key).substr(0, split);
    const std::string_view labels = std::string_view(key).substr(split + 1);
    if (name != described) {
      out.append("# TYPE ").append(name);
      out.append(name.ends_with("_total") ? " counter\n" : " gauge\n");
      described = name;
    }
    out.append(name);
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out.append(" ").append(std::to_string(counter->value())).append("\n");
  }
  return out;
}

}  // namespace devs
