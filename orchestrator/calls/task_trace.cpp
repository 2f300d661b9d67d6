#include "orchestrator/calls/task_trace.h"

#include <openssl/sha.h>

#include <array>

namespace devs {

std::string trace_of_task(const Epoch& epoch, std::string_view task) {
  const std::string text = epoch + ":" + std::string(task);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex({reinterpret_cast<const char*>(digest.data()), 16});
}

}  // namespace devs
