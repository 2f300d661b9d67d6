#include <nlohmann/json.hpp>

#include "protocol/json.h"
#include "tests/fuzz/law.h"
#include "tests/support/json_agreement.h"

// Laws: compacting twice is compacting once; what is accepted, the reference
// library accepts with the same value; a refusal names a byte of the text; a
// view of anything at all stays within it and ends.
namespace devs {
namespace {

std::size_t look_around(JsonView view, int depth) {
  std::size_t seen = view.text().size() + view.size();
  seen += view.string().value_or("").size() + (view.is("a") ? 1U : 0U);
  seen += view["a"].text().size() + (view.number() ? 1U : 0U);
  if (depth == 0) return seen;
  view.each_member([&](const std::string& name, JsonView value) {
    seen += name.size() + look_around(value, depth - 1);
  });
  view.each_element([&](JsonView value) { seen += look_around(value, depth - 1); });
  return seen;
}

void check(std::string_view text) {
  if (text.size() < 4096) look_around(JsonView(text), 3);
  // Small bounds as well, or no input of a fuzzer would ever meet one.
  const JsonBounds small{1 << 20, 16, 2000, 300, 40, 40};
  const auto compact = compact_json(text, small);
  if (!compact.ok()) {
    const std::string& why = compact.status().message();
    law(why.starts_with("byte "), "a refusal begins with its byte");
    law(std::stoull(why.substr(5)) <= text.size(), "the byte is one of the text's");
    return;
  }
  law(compact->size() <= text.size(), "compact is not longer");
  const auto again = compact_json(*compact, small);
  law(again.ok() && *again == *compact, "compact of compact is compact");
  law(compact->find_first_of("\n\r") == std::string::npos, "compact is one line");

  const auto tree = nlohmann::json::parse(text, nullptr, false);
  law(!tree.is_discarded(), "accepted here is accepted by the reference");
  law(tree == nlohmann::json::parse(*compact, nullptr, false), "compacting keeps the value");
  law(same_value(JsonView(*compact), tree), "a view reads what the reference reads");
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
