#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace devs {

// The SHA-256 of what it is fed, piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  std::string hex();  // 64 lower-case digits; ends it

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
bool is_sha256_hex(std::string_view text);

}  // namespace devs
