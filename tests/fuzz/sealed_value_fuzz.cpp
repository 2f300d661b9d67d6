#include <string>

#include "orchestrator/access/seal.h"
#include "orchestrator/mcp/list_cursor.h"
#include "orchestrator/mcp/request_state.h"
#include "protocol/json.h"
#include "tests/fuzz/law.h"

// Input: a value that comes back from a client, then the tool's state, an answer's key, the
// principal, the name and the arguments of a request.  Laws: nothing a client made up is
// opened; what was sealed opens whole, for its owner alone, and not with one bit changed.
namespace devs {
namespace {

const Seal& fixed_seal() {
  static const Seal seal(Seal::Key{1, 2, 3});
  return seal;
}

void check_forged(std::string_view forged) {
  static const ListCursors cursors;
  law(!fixed_seal().open("state", forged), "nobody makes up a sealed value");
  law(!open_state(fixed_seal(), {"p", "m", "n", "{}"}, forged, 0), "nobody makes up a state");
  law(!cursors.open("tools/list", "p", forged).ok(), "nobody makes up a cursor");
}

void check_state(std::string_view forged, Fields& fields) {
  RequestState state;
  state.client.state = fields.next();
  state.client.answers.emplace(fields.next(), R"({"action":"accept"})");
  state.client.round = 3;
  state.first_call = "c";
  const std::string_view principal = fields.next(), name = fields.next(), arguments = fields.next();
  const StateOwner owner{principal, "tools/call", name, arguments};
  const std::string sealed = seal_state(fixed_seal(), owner, state, 1000);
  const auto opened = open_state(fixed_seal(), owner, sealed, 1000);
  law(opened.has_value(), "what was sealed opens");
  law(opened->client.round == 3 && opened->first_call == "c", "what was sealed is whole");
  if (JsonView(json_string(state.client.state)).is(state.client.state))  // it is UTF-8
    law(opened->client.state == state.client.state, "the state is what it was");
  const std::string more = std::string(principal) + "x";
  law(!open_state(fixed_seal(), {more, "tools/call", name, arguments}, sealed, 1000), "another's");
  law(!open_state(fixed_seal(), {principal, "prompts/get", name, arguments}, sealed, 1000),
      "a method's");
  law(!open_state(fixed_seal(), owner, sealed, 1000 + 600'001), "it expires");
  // Which bit: as the input says.
  std::string changed = sealed;
  const std::size_t at = forged.size() % changed.size();
  changed[at] = static_cast<char>(changed[at] ^ (1 << (forged.size() / changed.size() % 7)));
  law(!open_state(fixed_seal(), owner, changed, 1000), "one bit is too much");
}

void check(std::string_view input) {
  Fields fields(input);
  const std::string_view forged = fields.next();
  check_forged(forged);
  check_state(forged, fields);
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
