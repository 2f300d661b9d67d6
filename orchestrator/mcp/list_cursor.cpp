#include "orchestrator/mcp/list_cursor.h"

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kPurpose = "cursor";

}  // namespace

std::string ListCursors::seal(std::string_view list, std::string_view principal,
                              ListPlace place) const {
  return seal_.seal(kPurpose, "{\"list\":" + json_string(list) +
                                  ",\"of\":" + json_string(principal) +
                                  ",\"generation\":" + std::to_string(place.generation) +
                                  ",\"offset\":" + std::to_string(place.offset) + "}");
}

Result<ListPlace> ListCursors::open(std::string_view list, std::string_view principal,
                                    std::string_view cursor) const {
  const auto text = seal_.open(kPurpose, cursor);
  const JsonView content(text ? std::string_view(*text) : std::string_view());
  if (!content["list"].is(list) || !content["of"].is(principal))
    return Status(Code::invalid_argument, "Invalid cursor");
  return ListPlace{
      .generation = static_cast<std::uint64_t>(content["generation"].integer().value_or(0)),
      .offset = static_cast<std::size_t>(content["offset"].integer().value_or(0))};
}

}  // namespace devs
