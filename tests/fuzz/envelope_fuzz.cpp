#include <string>

#include "protocol/envelope.h"
#include "tests/fuzz/law.h"

// Laws: whatever words go in, an envelope of ours is one line of compact JSON
// with its payload last, passes its own rules and gives back its facts; what
// came from outside is judged without ever failing.
namespace devs {
namespace {

void check_ours(EncodedEnvelope encoded, const EnvelopeOrigin& origin, const char* type) {
  std::string& body = encoded.body;
  body.replace(encoded.stamp_at, kStampDigits, "1795224245120000001");
  const JsonBounds bounds{1 << 20, 64, 100'000, 1 << 20, 1024, 64};
  const auto compact = compact_json(body, bounds);
  law(compact.ok() && *compact == body, "an envelope is compact JSON");
  const JsonView view(body);
  law(view["timestamp_ns"].is("1795224245120000001"), "the stamp is where it was said to be");
  law(check_published_envelope(view).ok(), "an envelope may be published");
  const std::size_t payload = body.find(",\"payload\":");
  law(payload != std::string::npos &&
          body.substr(payload + 11) == std::string(view["payload"].text()) + "}",
      "payload is last, and found without parsing");
  const EnvelopeFacts facts = facts_of(body);
  law(facts.type == type && facts.name.empty(), "the facts name the type");
  law(facts.task_id.empty() || facts.task_id == origin.task_id, "the facts give the task");
}

void check_encoders(std::string_view input) {
  Fields fields(input);
  EnvelopeOrigin origin;
  origin.task_id = fields.next();
  origin.agent_id = fields.next();

  ThoughtEnvelope thought;
  thought.origin = origin;
  thought.thought.reasoning_chain = fields.next();
  check_ours(encode_thought(thought), origin, "thought");

  ActionEnvelope action;
  action.origin = origin;
  action.tool_call_id = "c-1";
  action.tool_name = fields.next();
  action.depends_on = {std::string(fields.next())};
  check_ours(encode_action(action), origin, "action");

  ObservationEnvelope observation;
  observation.origin = origin;
  observation.tool_call_id = "c-1";
  observation.tool_name = action.tool_name;
  observation.server = "builtin";
  observation.stdout_text = fields.next();
  observation.stderr_text = fields.next();
  observation.status = static_cast<CallStatus>(input.size() % 9);
  observation.duration_ms = static_cast<double>(input.size()) / 7;
  if (const auto result = compact_json(fields.next(), kUpstreamJson); result.ok()) {
    observation.result = *result;
  }
  const EncodedEnvelope encoded = encode_observation(observation);
  check_ours(encoded, origin, "observation");
  std::string stamped = encoded.body;
  stamped.replace(encoded.stamp_at, kStampDigits, "1795224245120000001");
  law(validate_observation(JsonView(stamped)).empty(), "an observation conforms");
}

void check_judges(std::string_view input) {
  const auto facts = [](std::string_view text) {
    const EnvelopeFacts found = facts_of(text);
    law(found.name.find_first_of("\r\n") == std::string::npos, "a name is one line");
    law(found.type.size() <= kMaxTypeBytes, "a type is bounded");
    return found;
  };
  facts(input);
  const auto compact = compact_json(input, kEnvelopeJson);
  if (!compact.ok()) return;
  const EnvelopeFacts found = facts(*compact);
  const Status status = check_published_envelope(JsonView(*compact));
  law(status.ok() || status.message().starts_with("/"), "a refusal names its path");
  law(!status.ok() || !found.type.empty(), "what may be published has a type");
  for (const std::string& offence : validate_observation(JsonView(*compact))) {
    law(offence.starts_with("/"), "an offence names its path");
  }
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 * 1024) return 0;
  devs::check_encoders(devs::bytes_of(data, size));
  devs::check_judges(devs::bytes_of(data, size));
  return 0;
}
