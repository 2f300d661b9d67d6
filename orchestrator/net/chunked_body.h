#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orchestrator/net/request_head.h"

namespace devs {

// Decodes a chunked request body, strictly: what a proxy could read in another
// way is refused.  Resumable at every byte, pure, bounded.
class ChunkedBody {
 public:
  // Cheaper than the bytes they carry, chunks are an attack on whoever counts them.
  static constexpr std::size_t kMaxChunks = 16'384;
  static constexpr std::size_t kMaxExtension = 64;

  explicit ChunkedBody(std::size_t max_body) : max_body_(max_body) {}

  enum class Step { more, done, refused };
  // Appends what it decodes to `body` and says in `used` how much of `in` it
  // took; after `done` the rest belongs to the next request.
  Step feed(std::string_view in, std::size_t& used, std::string& body);
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  enum class At { size, extension, size_lf, data, data_cr, data_lf, end_cr, end_lf, done };
  bool take(char c, std::size_t decoded);
  bool refuse(int status);

  const std::size_t max_body_;
  HttpRefusal refusal_;
  At at_ = At::size;
  std::size_t digits_ = 0;
  std::size_t extension_ = 0;
  std::size_t left_ = 0;  // size being read, then data bytes to come
  std::size_t chunks_ = 0;
  std::size_t encoded_ = 0;
};

}  // namespace devs
