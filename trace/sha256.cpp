#include "trace/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "protocol/ids.h"

namespace devs {

struct Sha256::State {
  EVP_MD_CTX* const context = ::EVP_MD_CTX_new();
  State() { ::EVP_DigestInit_ex(context, ::EVP_sha256(), nullptr); }
  ~State() { ::EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  ::EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ::EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.data()), &size);
  return devs::hex({digest.data(), size});
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.hex();
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace devs
