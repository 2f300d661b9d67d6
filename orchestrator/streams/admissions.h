#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "orchestrator/net/http_message.h"
#include "orchestrator/net/principal.h"
#include "trace/mutex.h"

namespace devs {

// How many streams are open, in all and for whom (streams 1.4).
//
// Thread-safe.  Outlives its slots, which hold it.
class Admissions : public std::enable_shared_from_this<Admissions> {
  using Counts = std::unordered_map<std::string, std::size_t>;

 public:
  struct Options {
    std::size_t max_clients = 10'000;
    std::size_t max_per_principal = 64;  // not for operators
    std::size_t max_per_address = 256;   // not for loopback
  };

  // One open stream.  Dying frees the place.  Move-only.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&&) = delete;
    ~Slot();

   private:
    friend class Admissions;
    std::shared_ptr<Admissions> from_;
    Counts::value_type* principal_ = nullptr;  // null: not counted
    Counts::value_type* address_ = nullptr;
    Counts::value_type* profile_ = nullptr;
  };

  explicit Admissions(Options options) : options_(options) {}

  // A slot, or the refusal to send.  `max_of_profile`: 0 means no cap of its own.
  std::variant<Slot, HttpAnswer> admit(const Principal& principal, const std::string& address,
                                       std::string_view profile = {},
                                       std::size_t max_of_profile = 0) DEVS_EXCLUDES(mutex_);
  std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  std::size_t open_of(std::string_view profile) const DEVS_EXCLUDES(mutex_);

 private:
  void release(Slot& slot) DEVS_EXCLUDES(mutex_);

  const Options options_;
  std::atomic<std::size_t> open_{0};

  mutable Mutex mutex_;
  Counts principals_ DEVS_GUARDED_BY(mutex_);  // only those with a stream open
  Counts addresses_ DEVS_GUARDED_BY(mutex_);
  Counts profiles_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
