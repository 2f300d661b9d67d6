#include "orchestrator/net/negotiation.h"

#include "orchestrator/net/head_parser.h"

namespace devs {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view cut(std::string_view& rest, char at) {
  const std::size_t end = rest.find(at);
  const std::string_view first = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return trimmed(first);
}

// `q=0`, `q=0.0`, `Q=0.000`
bool is_zero_weight(std::string_view parameter) {
  if (parameter.size() < 3 || !same_text(parameter.substr(0, 2), "q=")) return false;
  return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

Asked exactness(std::string_view range, std::string_view form) {
  if (same_text(range, form)) return Asked::by_name;
  const std::size_t family = form.find('/') + 1;  // of an encoding: 0
  if (range == (family > 0 ? "*/*" : "*")) return Asked::by_wildcard;
  if (family > 0 && range.size() == family + 1 && range.back() == '*' &&
      same_text(range.substr(0, family), form.substr(0, family)))
    return Asked::by_family;
  return Asked::not_at_all;
}

}  // namespace

Asked asked_for(const RequestHead& head, std::string_view field, std::string_view form) {
  Asked best = Asked::not_at_all;
  bool wanted = false;
  for (const auto& [name, value] : head.fields) {
    if (name != field) continue;
    for (std::string_view ranges = value; !ranges.empty();) {
      std::string_view parameters = cut(ranges, ',');
      const Asked found = exactness(cut(parameters, ';'), form);
      bool accepted = true;
      while (!parameters.empty()) accepted = !is_zero_weight(cut(parameters, ';')) && accepted;
      if (found > best) {
        best = found;
        wanted = accepted;
      } else if (found == best) {
        wanted = wanted || accepted;
      }
    }
  }
  return wanted ? best : Asked::not_at_all;
}

bool has_copy(const RequestHead& head, std::string_view tag) {
  for (const auto& [name, value] : head.fields) {
    if (name != "if-none-match") continue;
    for (std::string_view tags = value; !tags.empty();) {
      std::string_view one = cut(tags, ',');
      if (one.starts_with("W/")) one.remove_prefix(2);
      if (one == tag || one == "*") return true;
    }
  }
  return false;
}

}  // namespace devs
