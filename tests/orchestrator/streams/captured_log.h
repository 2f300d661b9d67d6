#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "trace/log.h"
#include "trace/mutex.h"

namespace devs {

// Remembers the events it was told.  Thread-safe.
class CapturedLog final : public Log {
 public:
  void line(Level level, std::string_view event, std::initializer_list<Field>) override
      DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    lines_.push_back((level == Level::warn ? "WARN " : "") + std::string(event));
  }
  std::size_t count(std::string_view line) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return static_cast<std::size_t>(std::count(lines_.begin(), lines_.end(), line));
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
