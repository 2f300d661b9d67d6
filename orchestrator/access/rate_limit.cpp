#include "orchestrator/access/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>

namespace devs {

std::optional<Duration> RateLimit::take(const std::vector<std::string>& keys, TimePoint now) {
  MutexLock lock(mutex_);
  Duration wait = Duration::zero();
  for (const std::string& name : keys) {
    const auto known = keys_.find(name);
    if (known == keys_.end()) continue;
    std::vector<TimePoint>& times = known->second->times;
    std::erase_if(times, [&](TimePoint at) { return now - at >= options_.window; });
    if (times.size() >= options_.max)
      wait = std::max<Duration>(wait, times.front() + options_.window - now);
  }
  if (wait > Duration::zero()) return wait;

  for (const std::string& name : keys) {
    const auto known = keys_.find(name);
    if (known != keys_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, known->second);
    } else {
      if (keys_.size() >= options_.max_keys) {
        keys_.erase(by_use_.back().name);
        by_use_.pop_back();
      }
      by_use_.push_front({name, {}});
      keys_.emplace(name, by_use_.begin());
    }
    by_use_.front().times.push_back(now);
  }
  return std::nullopt;
}

std::size_t RateLimit::keys() const {
  MutexLock lock(mutex_);
  return keys_.size();
}

HttpAnswer rate_limited(const RateLimit::Options& rate, Duration wait) {
  HttpAnswer answer =
      json_answer(429, fmt::format(R"({{"error":"RATE_LIMITED","limit":{},"window_ms":{}}})",
                                   rate.max, rate.window.count()));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

}  // namespace devs
