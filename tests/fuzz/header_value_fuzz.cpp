#include <string>

#include "protocol/base64.h"
#include "protocol/mcp_modern.h"
#include "protocol/param_headers.h"
#include "tests/fuzz/law.h"

// Input: the value of an Mcp-* header, then an input schema.  Laws: what a value stands for
// is UTF-8, whatever blanks are around it; a text sent as base64 comes back; every header a
// schema asks for is where its path says.
namespace devs {
namespace {

void check_value(std::string_view value) {
  const auto decoded = decode_header_value(value);
  law(decode_header_value(" \t" + std::string(value) + "\t ") == decoded,
      "blanks around it are nothing");
  if (value.find("=?") == value.npos) law(decoded.has_value(), "a plain value stands for itself");
  const auto encoded = decode_header_value("=?base64?" + base64_encode(value) + "?=");
  if (encoded) law(*encoded == value, "decode(encode(x)) is x");
}

void check_schema(std::string_view text) {
  const auto compact = compact_json(text, kRequestJson);
  if (!compact.ok()) return;
  for (const ParamHeader& header : param_headers_of(JsonView(*compact))) {
    JsonView at(*compact);
    for (const std::string& name : header.path) at = at["properties"][name];
    law(!header.path.empty() && at["x-mcp-header"].is(header.name), "the path leads to the header");
  }
}

void check(std::string_view input) {
  Fields fields(input);
  check_value(fields.next());
  check_schema(fields.next());
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
