#include "orchestrator/graph/tool_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "protocol/json.h"

namespace devs {
namespace {

// The usual constants of BM25.
constexpr double kSaturation = 1.2;
constexpr double kLengthShare = 0.75;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_word(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&words, &word] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (!is_word(c)) {
      end();
      continue;
    }
    if (is_upper(c) && at > 0 && !is_upper(text[at - 1])) end();
    word += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  end();
  return words;
}

ToolSearch::ToolSearch(const ToolSet& tools) {
  std::size_t all = 0;
  for (const ToolSpec* spec : tools.listed()) {
    const auto place = static_cast<std::uint32_t>(tools_.size());
    std::vector<std::string> words = words_of(spec->name);
    const auto add = [&words](std::string_view text) {
      for (std::string& word : words_of(text)) words.push_back(std::move(word));
    };
    const JsonView told(spec->json);
    add(told["title"].string().value_or(""));
    add(told["description"].string().value_or(""));
    JsonView(spec->input_schema)["properties"].each_member(
        [&add](const std::string& argument, JsonView) { add(argument); });
    for (const std::string& word : words) {
      std::vector<Posting>& postings = words_[word];
      if (postings.empty() || postings.back().tool != place) postings.push_back({place, 0});
      ++postings.back().times;
    }
    by_name_.emplace(spec->name, place);
    tools_.push_back({spec->name, static_cast<std::uint32_t>(words.size())});
    all += words.size();
  }
  if (all > 0) average_words_ = static_cast<double>(all) / static_cast<double>(tools_.size());
}

std::vector<ToolSuggestion> ToolSearch::suggest(std::string_view query, std::string_view after,
                                                const ToolGraph& graph, std::size_t most) const {
  std::vector<double> scores(tools_.size());
  std::vector<std::uint32_t> found;  // tools with a score
  const auto add = [&scores, &found](std::uint32_t tool, double more) {
    if (scores[tool] == 0) found.push_back(tool);
    scores[tool] += more;
  };
  std::vector<std::string> asked = words_of(query);
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  const auto count = static_cast<double>(tools_.size());
  for (const std::string& word : asked) {
    const auto known = words_.find(word);
    if (known == words_.end()) continue;
    const auto having = static_cast<double>(known->second.size());
    const double rarity = std::log(1 + (count - having + 0.5) / (having + 0.5));
    for (const Posting& posting : known->second) {
      const double times = posting.times;
      const double length = tools_[posting.tool].words / average_words_;
      add(posting.tool, rarity * times * (kSaturation + 1) /
                            (times + kSaturation * (1 - kLengthShare + kLengthShare * length)));
    }
  }
  const auto start = graph.find(after);
  if (start) {
    const double best = found.empty() ? 1 : *std::max_element(scores.begin(), scores.end());
    for (const auto& [next, edge] : graph.out(*start))
      if (const auto known = by_name_.find(graph.tool(next)); known != by_name_.end())
        add(known->second, edge.weight * best);
  }
  most = std::min(most, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most), found.end(),
                    [&](std::uint32_t a, std::uint32_t b) {
                      return scores[a] != scores[b] ? scores[a] > scores[b]
                                                    : tools_[a].name < tools_[b].name;
                    });
  std::vector<ToolSuggestion> suggestions;
  for (std::size_t at = 0; at < most; ++at)
    suggestions.push_back(
        {tools_[found[at]].name, scores[found[at]], why(found[at], asked, after, graph)});
  return suggestions;
}

std::string ToolSearch::why(std::uint32_t tool, const std::vector<std::string>& asked,
                            std::string_view after, const ToolGraph& graph) const {
  std::string words;
  for (const std::string& word : asked) {
    const auto known = words_.find(word);
    if (known == words_.end()) continue;
    const auto at = std::lower_bound(
        known->second.begin(), known->second.end(), tool,
        [](const Posting& posting, std::uint32_t wanted) { return posting.tool < wanted; });
    if (at != known->second.end() && at->tool == tool) words += (words.empty() ? "" : ", ") + word;
  }
  std::string text = words.empty() ? words : "says " + words;
  const auto from = graph.find(after), to = graph.find(tools_[tool].name);
  if (const ToolEdge* edge = from && to ? graph.edge(*from, *to) : nullptr)
    text += fmt::format("{}followed {} {} times (confidence {:.2f})", text.empty() ? "" : "; ",
                        after, edge->count, edge->weight);
  return text;
}

}  // namespace devs
