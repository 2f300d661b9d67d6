#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/access/seal.h"
#include "protocol/result.h"

namespace devs {

// Where a list goes on.
struct ListPlace {
  std::uint64_t generation = 0;  // of the list as it was
  std::size_t offset = 0;        // of the next page
};

// Cursors: sealed with a key of this process, because generations are counted by it, and
// good for one list and the principal that got them.  Immutable, so thread-safe.
class ListCursors {
 public:
  ListCursors() : seal_(Seal::of_this_process()) {}

  std::string seal(std::string_view list, std::string_view principal, ListPlace place) const;
  // invalid_argument: none of ours, of another list, or another's.
  Result<ListPlace> open(std::string_view list, std::string_view principal,
                         std::string_view cursor) const;

 private:
  const Seal seal_;
};

}  // namespace devs
