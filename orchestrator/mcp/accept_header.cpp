#include "orchestrator/mcp/accept_header.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace devs {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

std::string_view cut(std::string_view& rest, char at) {
  const std::size_t end = rest.find(at);
  const std::string_view first = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return trimmed(first);
}

// `q=0`, `q=0.0`, `Q=0.000`
bool is_zero_weight(std::string_view parameter) {
  if (parameter.size() < 3 || !same(parameter.substr(0, 2), "q=")) return false;
  return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

// How exactly a range names a type; 0: not at all.
int precision(std::string_view range, std::string_view type) {
  if (same(range, type)) return 3;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  if (range.size() == family.size() + 1 && range.back() == '*' &&
      same(range.substr(0, family.size()), family)) {
    return 2;
  }
  return range == "*/*" ? 1 : 0;
}

// The verdict of the most exact range seen so far.
struct Verdict {
  std::string_view type;
  int best = 0;
  bool wanted = false;

  void look(std::string_view range, bool accepted) {
    const int found = precision(range, type);
    if (found > best) {
      best = found;
      wanted = accepted;
    } else if (found != 0 && found == best) {
      wanted = wanted || accepted;
    }
  }
};

}  // namespace

Accepts accepts_of(const RequestHead& head) {
  if (head.count("accept") == 0) return {.json = true, .sse = true};
  std::array<Verdict, 2> verdicts{{{.type = "application/json"}, {.type = "text/event-stream"}}};
  for (const auto& [name, value] : head.fields) {
    if (name != "accept") continue;
    for (std::string_view ranges = value; !ranges.empty();) {
      std::string_view parameters = cut(ranges, ',');
      const std::string_view range = cut(parameters, ';');
      bool accepted = true;
      while (!parameters.empty()) accepted = !is_zero_weight(cut(parameters, ';')) && accepted;
      for (Verdict& verdict : verdicts) verdict.look(range, accepted);
    }
  }
  return {.json = verdicts[0].wanted, .sse = verdicts[1].wanted};
}

}  // namespace devs
