#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/graph/tool_graph.h"

namespace devs {

// A tool that may be what is looked for.
struct ToolSuggestion {
  std::string tool;
  double score = 0;
  std::string why;
};

// Finds tools by words: BM25 over name, title, description and argument names (MCP page
// 11).  Made once per set of tools, on no reactor; a question looks at the tools that
// share a word with it, and no others.
//
// Immutable.
class ToolSearch {
 public:
  explicit ToolSearch(const ToolSet& tools);

  // By score falling, then by name; at most `most`.  `after`: what follows that tool in
  // the graph is suggested too, by confidence, the surest as high as the best match.
  std::vector<ToolSuggestion> suggest(std::string_view query, std::string_view after,
                                      const ToolGraph& graph, std::size_t most) const;

 private:
  struct Posting {
    std::uint32_t tool;
    std::uint32_t times;
  };
  struct Tool {
    std::string name;
    std::uint32_t words = 0;
  };
  std::string why(std::uint32_t tool, const std::vector<std::string>& asked, std::string_view after,
                  const ToolGraph& graph) const;

  std::vector<Tool> tools_;
  std::map<std::string, std::vector<Posting>, std::less<>> words_;
  std::map<std::string, std::uint32_t, std::less<>> by_name_;
  double average_words_ = 1;
};

// The words of a text: letters and digits, lower-case, `readFile` and `read_file` alike.
std::vector<std::string> words_of(std::string_view text);

}  // namespace devs
