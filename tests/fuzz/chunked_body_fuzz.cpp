#include <algorithm>
#include <string>

#include "orchestrator/net/chunked_body.h"
#include "tests/fuzz/law.h"

// Laws: the same bytes in other pieces decode to the same body and end at the same
// byte; a body is never larger than its limit or than what came; a body that is
// encoded decodes to itself and leaves the next request alone.
namespace devs {
namespace {

constexpr std::size_t kMax = 4'096;

struct Decoded {
  ChunkedBody::Step step = ChunkedBody::Step::more;
  std::size_t used = 0;
  std::string body;
};

Decoded decode(std::string_view text, std::size_t step) {
  ChunkedBody decoder(kMax);
  Decoded decoded;
  while (decoded.used < text.size() && decoded.step == ChunkedBody::Step::more) {
    std::size_t used = 0;
    decoded.step = decoder.feed(text.substr(decoded.used, step), used, decoded.body);
    decoded.used += used;
  }
  return decoded;
}

std::string encode(std::string_view body, std::size_t piece) {
  std::string text;
  constexpr char kDigits[] = "0123456789abcdef";
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, piece);
    body.remove_prefix(chunk.size());
    std::string size;
    for (std::size_t n = chunk.size(); n > 0; n /= 16) size.insert(0, 1, kDigits[n % 16]);
    text.append(size).append("\r\n").append(chunk).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace devs;
  const std::string_view text = bytes_of(data, size);
  const Decoded whole = decode(text, std::max<std::size_t>(text.size(), 1));
  law(whole.body.size() <= kMax && whole.body.size() <= text.size(), "a body is bounded");
  for (const std::size_t step : {1u, 2u, 5u, 33u}) {
    const Decoded pieces = decode(text, step);
    if (whole.step == ChunkedBody::Step::done) {
      law(pieces.step == whole.step && pieces.used == whole.used, "pieces change no end");
      law(pieces.body == whole.body, "pieces change no body");
    } else {
      law(pieces.step != ChunkedBody::Step::done, "pieces end nothing");
    }
  }
  const std::string_view body = text.substr(0, kMax);
  const std::string encoded = encode(body, 37);
  if (encoded.size() <= 2 * kMax) {
    const Decoded back = decode(encoded + "GET /", 11);
    law(back.step == ChunkedBody::Step::done && back.body == body, "decode(encode(x)) == x");
    law(back.used == encoded.size(), "the next request is left alone");
  }
  return 0;
}
