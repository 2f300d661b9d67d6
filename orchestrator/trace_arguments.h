#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/directory_log.h"
#include "orchestrator/query/query_filter.h"
#include "protocol/envelope.h"
#include "protocol/result.h"

namespace devs {

// What was typed behind `mcp-orchestrator trace <command>`.
struct TraceArguments {
  std::string dir = ".devs";
  std::string url;    // empty: the directory
  std::string token;  // bearer, or empty
  // Filters by the names query_filter.h knows; one that is there was given.
  std::map<std::string, std::string, std::less<>> filter;
  std::string from, to;  // event id or time; empty: not given
  std::string id, format = "ndjson", out, speed = "1", group_by = "tool", limit, order;
  bool json = false, content = false, progress = false;
};

// The filters, checked; the message names the bad one and its grammar.
Result<QueryFilter> filter_of(const TraceArguments& arguments);
// As they were typed: `type=thought tool=echo`.
std::string filter_text(const TraceArguments& arguments);
// What streams 3.3 means by it; an entry that lacks a fact does not match what asks for
// it.  Text search and time are questions to the index.
bool matches(const QueryFilter& filter, const EnvelopeFacts& facts);

// `?a=b&c=d`, percent-encoded; empty without parameters.
std::string query_string(const std::map<std::string, std::string, std::less<>>& parameters);

// A stretch of a log; empty when `through` is below `from`.
struct EntryRange {
  Sequence from = 1, through = 0;
};
// What --from and --to mean in this log: event ids or times, both included.
Result<EntryRange> range_of(const TraceArguments& arguments, const DirectoryLog& log);
// One event id of this log.
Result<Sequence> sequence_of(std::string_view id, const DirectoryLog& log);

}  // namespace devs
