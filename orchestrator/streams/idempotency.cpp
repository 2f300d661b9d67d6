#include "orchestrator/streams/idempotency.h"

#include <utility>

namespace devs {
namespace {

constexpr auto kKept = std::chrono::minutes(10);
constexpr std::size_t kMaxKeys = 10'000;

}  // namespace

IdempotencyTable::Turn IdempotencyTable::claim(const std::string& key, DeferredAnswer& answer,
                                               Published& published) {
  const TimePoint now = clock_.steady();
  MutexLock lock(mutex_);
  forget_old(now);
  const auto [known, is_new] = claims_.try_emplace(key);
  if (is_new) {
    known->second.since = now;
    ages_.push_back({now, key});
    return Turn::yours;
  }
  if (known->second.published) {
    published = *known->second.published;
    return Turn::repeat;
  }
  known->second.waiting.push_back(std::move(answer));
  return Turn::waits;
}

std::vector<DeferredAnswer> IdempotencyTable::settle(const std::string& key, Published published) {
  MutexLock lock(mutex_);
  const auto known = claims_.find(key);
  if (known == claims_.end()) return {};
  known->second.published = std::move(published);
  return std::exchange(known->second.waiting, {});
}

std::vector<DeferredAnswer> IdempotencyTable::give_up(const std::string& key) {
  MutexLock lock(mutex_);
  const auto known = claims_.find(key);
  if (known == claims_.end()) return {};
  std::vector<DeferredAnswer> waiting = std::move(known->second.waiting);
  claims_.erase(known);
  return waiting;
}

std::size_t IdempotencyTable::size() const {
  MutexLock lock(mutex_);
  return claims_.size();
}

void IdempotencyTable::forget_old(TimePoint now) {
  while (!ages_.empty() && (now - ages_.front().since >= kKept || ages_.size() >= kMaxKeys)) {
    const auto oldest = claims_.find(ages_.front().key);
    // The key may have been given up, and even claimed again, since.
    if (oldest != claims_.end() && oldest->second.since == ages_.front().since) {
      if (!oldest->second.published) break;  // a worker has it in hand: soon settled
      claims_.erase(oldest);
    }
    ages_.pop_front();
  }
}

}  // namespace devs
