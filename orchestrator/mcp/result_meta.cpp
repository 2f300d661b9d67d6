#include "orchestrator/mcp/result_meta.h"

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kKey = "devs.saop/receipt";

// Where `part`, a slice of `whole`, begins in it.
std::size_t offset_in(std::string_view whole, std::string_view part) {
  return static_cast<std::size_t>(part.data() - whole.data());
}

// Puts `member` first into the object that begins at `at`.
void insert_first(std::string& text, std::size_t at, std::string member) {
  if (text[at + 1] != '}') member += ',';
  text.insert(at + 1, member);
}

}  // namespace

std::string with_receipt(std::string result, std::string_view receipt) {
  const JsonView view(result);
  if (receipt.empty() || !view.is_object()) return result;
  const JsonView meta = view["_meta"];
  const JsonView old = meta[kKey];
  if (old.present()) {
    result.replace(offset_in(result, old.text()), old.text().size(), receipt);
    return result;
  }
  std::string member;
  member.reserve(receipt.size() + 40);
  member.append("\"").append(kKey).append("\":").append(receipt);
  if (meta.is_object()) {
    insert_first(result, offset_in(result, meta.text()), std::move(member));
  } else if (meta.present()) {  // a `_meta` that is no object is none
    member.insert(0, "{").append("}");
    result.replace(offset_in(result, meta.text()), meta.text().size(), member);
  } else {
    member.insert(0, "\"_meta\":{").append("}");
    insert_first(result, 0, std::move(member));
  }
  return result;
}

}  // namespace devs
