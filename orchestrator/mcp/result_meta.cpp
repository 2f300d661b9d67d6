#include "orchestrator/mcp/result_meta.h"

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kReceipt = "devs.saop/receipt";

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

std::string with_meta(std::string object, std::string_view key, std::string_view value) {
  const JsonView view(object);
  const JsonView meta = view["_meta"];
  const JsonView old = meta[key];
  if (old.present()) {
    object.replace(offset_in(object, old.text()), old.text().size(), value);
    return object;
  }
  std::string member = json_string(key);
  member.append(":").append(value);
  if (meta.is_object()) {
    insert_first(object, offset_in(object, meta.text()), std::move(member));
  } else if (meta.present()) {  // a `_meta` that is no object is none
    member.insert(0, "{").append("}");
    object.replace(offset_in(object, meta.text()), meta.text().size(), member);
  } else {
    member.insert(0, "\"_meta\":{").append("}");
    insert_first(object, 0, std::move(member));
  }
  return object;
}

std::string with_receipt(std::string result, std::string_view receipt) {
  if (receipt.empty() || !JsonView(result).is_object()) return result;
  return with_meta(std::move(result), kReceipt, receipt);
}

}  // namespace devs
