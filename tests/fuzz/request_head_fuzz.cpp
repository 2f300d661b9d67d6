#include <algorithm>
#include <string>

#include "orchestrator/net/head_parser.h"
#include "tests/fuzz/law.h"

// Laws: the same bytes in other pieces give the same verdict and the same head; a
// head that is accepted holds no line end and no NUL, has one Host, frames its body in one
// way, and is within every limit; what follows it is not looked at.
namespace devs {
namespace {

struct Read {
  HeadParser::Step step = HeadParser::Step::more;
  int status = -1;
  std::size_t size = 0;
  RequestHead head;
};

const HeadLimits kLimits;

Read read_in_steps(std::string_view text, std::size_t step) {
  HeadParser parser(kLimits);
  Read read;
  for (std::size_t upto = std::min(step, text.size());; upto = std::min(upto + step, text.size())) {
    read.step = parser.look(text.substr(0, upto));
    if (read.step != HeadParser::Step::more || upto == text.size()) break;
  }
  if (read.step == HeadParser::Step::refused) read.status = parser.refusal().status;
  if (read.step == HeadParser::Step::done) read.size = parser.size();
  read.head = std::move(parser.head());
  return read;
}

bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void check_head(const Read& read) {
  const RequestHead& head = read.head;
  law(read.size <= kLimits.head_bytes, "a head is within its limit");
  law(head.fields.size() <= kLimits.fields, "fields are counted");
  law(head.count("host") == 1, "one Host");
  law(head.path.size() <= kLimits.path_bytes, "a path is within its limit");
  law(head.query.size() <= kLimits.query_bytes, "a query is within its limit");
  law(head.query_params.size() <= kLimits.query_params, "parameters are counted");
  law(is_clean(head.path) && is_clean(head.query), "a target is one word");
  for (const auto& [name, value] : head.fields)
    law(is_token(name) && is_clean(value) && value.size() <= kLimits.value_bytes,
        "a field smuggles nothing");
  law(head.count("content-length") + head.count("transfer-encoding") <= 1, "framed in one way");
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace devs;
  const std::string_view text = bytes_of(data, size);
  const Read whole = read_in_steps(text, std::max<std::size_t>(text.size(), 1));
  if (whole.step == HeadParser::Step::done) {
    check_head(whole);
    const Read alone = read_in_steps(text.substr(0, whole.size), whole.size);
    law(alone.step == whole.step && alone.head.fields == whole.head.fields,
        "what follows is not looked at");
  }
  for (const std::size_t step : {1u, 2u, 7u, 64u}) {
    const Read pieces = read_in_steps(text, step);
    law(pieces.step == whole.step, "pieces change no verdict");
    law(pieces.size == whole.size, "pieces change no size");
    if (whole.step == HeadParser::Step::done)
      law(pieces.head.fields == whole.head.fields && pieces.head.path == whole.head.path,
          "pieces change no head");
  }
  return 0;
}
