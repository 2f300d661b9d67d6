#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/orchestrator/query/query_kit.h"

namespace devs {

using Numbers = std::vector<Sequence>;

// What a page as long as may be finds.
inline Numbers found_by(QueryShelf& shelf, QueryFilter filter) {
  EnvelopesQuery query;
  query.filter = std::move(filter);
  query.limit = kMaxPageEntries;
  return Answered(shelf.asked().envelopes(query)).sequences();
}
inline Numbers search(QueryShelf& shelf, std::string text) {
  QueryFilter filter;
  filter.text = std::move(text);
  return found_by(shelf, std::move(filter));
}

}  // namespace devs
