#include "trace/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "protocol/ids.h"

namespace devs {

void random_bytes(std::span<std::uint8_t> to) {
  while (!to.empty()) {
    const ssize_t got = ::getrandom(to.data(), to.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    to = to.subspan(static_cast<std::size_t>(got));
  }
}

std::string random_hex(std::size_t bytes) {
  std::vector<std::uint8_t> raw(bytes);
  random_bytes(raw);
  return hex(std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size()));
}

std::string new_uuid_v7(const Clock& clock) {
  std::array<std::uint8_t, 10> random{};
  random_bytes(random);
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch());
  return uuid_v7(static_cast<std::uint64_t>(since_1970.count()), random);
}

}  // namespace devs
