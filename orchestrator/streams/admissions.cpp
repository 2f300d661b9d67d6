#include "orchestrator/streams/admissions.h"

#include <fmt/format.h>

namespace devs {
namespace {

HttpAnswer refusal(int status, std::string_view error, std::size_t max) {
  HttpAnswer answer = json_answer(status, fmt::format(R"({{"error":"{}","max":{}}})", error, max));
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

}  // namespace

Admissions::Slot::~Slot() {
  if (from_) from_->release(*this);
}

std::variant<Admissions::Slot, HttpAnswer> Admissions::admit(const Principal& principal,
                                                             const std::string& address,
                                                             std::string_view profile,
                                                             std::size_t max_of_profile) {
  const std::string kind(profile);
  MutexLock lock(mutex_);
  if (const auto known = profiles_.find(kind);
      max_of_profile != 0 && known != profiles_.end() && known->second >= max_of_profile)
    return refusal(503, "Too many clients", max_of_profile);
  if (open() >= options_.max_clients) return refusal(503, "Too many clients", options_.max_clients);

  Slot slot;
  if (!principal.is_operator) {
    const auto known = principals_.find(principal.name);
    if (known != principals_.end() && known->second >= options_.max_per_principal)
      return refusal(429, "Too many streams", options_.max_per_principal);
  }
  if (!address.empty() && !is_loopback(address)) {
    const auto known = addresses_.find(address);
    if (known != addresses_.end() && known->second >= options_.max_per_address)
      return refusal(429, "Too many streams", options_.max_per_address);
    slot.address_ = &*addresses_.try_emplace(address).first;
    ++slot.address_->second;
  }
  if (!principal.is_operator) {
    slot.principal_ = &*principals_.try_emplace(principal.name).first;
    ++slot.principal_->second;
  }
  slot.profile_ = &*profiles_.try_emplace(kind).first;
  ++slot.profile_->second;
  open_.fetch_add(1, std::memory_order_relaxed);
  slot.from_ = shared_from_this();
  return slot;
}

void Admissions::release(Slot& slot) {
  MutexLock lock(mutex_);
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (slot.principal_ != nullptr && --slot.principal_->second == 0)
    principals_.erase(slot.principal_->first);
  if (slot.address_ != nullptr && --slot.address_->second == 0)
    addresses_.erase(slot.address_->first);
  --slot.profile_->second;  // profiles are few, and stay
}

std::size_t Admissions::open_of(std::string_view profile) const {
  MutexLock lock(mutex_);
  const auto known = profiles_.find(std::string(profile));
  return known == profiles_.end() ? 0 : known->second;
}

}  // namespace devs
