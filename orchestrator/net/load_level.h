#pragma once

#include <algorithm>
#include <cstddef>

namespace devs {

// How close a front is to its connection cap (http front, section 10).  A level
// ends five points below where it began, so that it does not flicker.
//
// Pure; confined to whoever holds it.
class LoadLevel {
 public:
  enum class Level { normal, tight, shed };

  Level update(std::size_t connections, std::size_t streams, std::size_t max) {
    const std::size_t requests = connections - std::min(streams, connections);
    const std::size_t room = std::max<std::size_t>(max - std::min(streams, max), 1);
    shed_ = connections * 100 > max * (shed_ ? 90u : 95u);
    tight_ = requests * 100 > room * (tight_ ? 75u : 80u);
    return level();
  }
  Level level() const { return shed_ ? Level::shed : tight_ ? Level::tight : Level::normal; }

 private:
  bool tight_ = false;
  bool shed_ = false;
};

}  // namespace devs
