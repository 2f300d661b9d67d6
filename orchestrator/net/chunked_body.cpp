#include "orchestrator/net/chunked_body.h"

#include <algorithm>

#include "orchestrator/net/percent.h"

namespace devs {

bool ChunkedBody::refuse(int status) {
  refusal_ = {status, status == 413 ? "body" : "chunk"};
  return false;
}

ChunkedBody::Step ChunkedBody::feed(std::string_view in, std::size_t& used, std::string& body) {
  used = 0;
  while (used < in.size() && at_ != At::done) {
    if (at_ == At::data) {
      const std::size_t part = std::min(left_, in.size() - used);
      body.append(in.substr(used, part));
      used += part;
      encoded_ += part;
      left_ -= part;
      if (left_ == 0) at_ = At::data_cr;
      continue;
    }
    ++encoded_;
    if (!take(in[used++], body.size())) return Step::refused;
  }
  // A body of the row's limit in tiny chunks is several times as many bytes.
  if (encoded_ > 2 * max_body_ + 64) {
    refuse(400);
    return Step::refused;
  }
  return at_ == At::done ? Step::done : Step::more;
}

bool ChunkedBody::take(char c, std::size_t decoded) {
  switch (at_) {
    case At::size:
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > 8) return refuse(400);
        left_ = left_ * 16 + static_cast<std::size_t>(digit);
        return true;
      }
      if (digits_ == 0 || (c != ';' && c != '\r')) return refuse(400);
      // Before a byte of it is copied, or waited for.
      if (left_ > max_body_ - std::min(decoded, max_body_)) return refuse(413);
      at_ = c == ';' ? At::extension : At::size_lf;
      return true;
    case At::extension:
      if (c == '\r') {
        at_ = At::size_lf;
        return true;
      }
      if (c <= 0x20 || c >= 0x7f || ++extension_ > kMaxExtension) return refuse(400);
      return true;
    case At::size_lf:
      if (c != '\n' || ++chunks_ > kMaxChunks) return refuse(400);
      at_ = left_ == 0 ? At::end_cr : At::data;
      digits_ = 0;
      extension_ = 0;
      return true;
    case At::data_cr:
      at_ = At::data_lf;
      return c == '\r' || refuse(400);
    case At::data_lf:
      at_ = At::size;
      return c == '\n' || refuse(400);
    case At::end_cr:  // trailers could say what the head must have said
      at_ = At::end_lf;
      return c == '\r' || refuse(400);
    case At::end_lf:
      at_ = At::done;
      return c == '\n' || refuse(400);
    case At::data:
    case At::done:
      break;
  }
  return refuse(400);
}

}  // namespace devs
