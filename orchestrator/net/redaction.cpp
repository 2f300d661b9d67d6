#include "orchestrator/net/redaction.h"

#include <algorithm>
#include <optional>

#include "orchestrator/net/percent.h"

namespace devs {
namespace {

constexpr std::string_view kEndsUrl = " \t\r\n\"'<>`#";

// nullopt: it is no query.
std::optional<std::string> redacted_query(std::string_view query) {
  if (!percent_decode(query, true)) return std::nullopt;
  std::string out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals), true);
    const bool secret = name == "token" || name == "streamToken" || name == "access_token";
    if (secret && equals < pair.size()) {
      out.append(pair.substr(0, equals + 1)).append("[redacted]");
    } else {
      out += pair;
    }
    if (end < query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

}  // namespace

std::string redacted(std::string_view text) {
  std::string out;
  for (std::size_t at = text.find('?'); at != text.npos; at = text.find('?')) {
    out += text.substr(0, at);
    text.remove_prefix(at + 1);
    const std::size_t end = std::min(text.find_first_of(kEndsUrl), text.size());
    if (const auto query = redacted_query(text.substr(0, end))) out.append("?").append(*query);
    text.remove_prefix(end);
  }
  return out.append(text);
}

}  // namespace devs
