#include <string>

#include "orchestrator/calls/argument_schema.h"
#include "protocol/json.h"
#include "tests/fuzz/law.h"

// Input: a tool's input schema, then arguments.  Laws: whatever an upstream calls a schema
// is judged or said to be unjudged, in bounds; what is unjudged refuses nothing; errors are
// at most 20; help is at most 2000 bytes of one text.
namespace devs {
namespace {

void check(std::string_view input) {
  Fields fields(input);
  const auto schema = compact_json(fields.next(), kUpstreamJson);
  const auto arguments = compact_json(fields.next(), kRequestJson);
  if (!schema.ok()) return;
  const auto compiled = ArgumentSchema::compile(*schema);
  if (!arguments.ok()) return;
  const std::vector<SchemaError> errors = compiled->check(*arguments);
  law(compiled->unchecked_reason().empty() || errors.empty(), "what is unjudged refuses nothing");
  law(errors.size() <= 20, "at most 20 errors");
  for (const SchemaError& error : errors) {
    law(error.path.empty() || error.path.front() == '/', "a path is a JSON pointer");
    law(!error.message.empty(), "an error says what");
  }
  law(compiled->help("tool", errors).size() <= 2000, "help is short");
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
