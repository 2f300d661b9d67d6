#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

// What every fuzz target shares.
namespace devs {

// Ends the run when a law is broken: libFuzzer and ctest both see it.
inline void law(bool holds, const char* name) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %s\n", name);
  std::abort();
}

inline std::string_view bytes_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes an input apart into fields at the byte 0x1e, so that a corpus can be
// read and written by hand.  Fields that are not there are empty.
class Fields {
 public:
  explicit Fields(std::string_view input) {
    for (;;) {
      const std::size_t end = input.find('\x1e');
      fields_.push_back(input.substr(0, end));
      if (end == std::string_view::npos) return;
      input.remove_prefix(end + 1);
    }
  }
  std::string_view next() { return at_ < fields_.size() ? fields_[at_++] : ""; }

 private:
  std::vector<std::string_view> fields_;
  std::size_t at_ = 0;
};

}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
