#include "orchestrator/pretty_json.h"

namespace devs {

// Works on the text, not on a tree: deep values need no stack.
std::string pretty_json(JsonView value) {
  const std::string_view text = value.text();
  std::string out;
  std::size_t depth = 0;
  const auto new_line = [&] { out.append("\n").append(2 * depth, ' '); };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    switch (c) {
      case '"': {
        std::size_t end = at + 1;
        while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2u : 1u;
        out.append(text.substr(at, end + 1 - at));
        at = end;
        break;
      }
      case '{':
      case '[':
        out += c;
        if (at + 1 < text.size() && (text[at + 1] == '}' || text[at + 1] == ']')) {
          out += text[++at];
        } else {
          ++depth;
          new_line();
        }
        break;
      case '}':
      case ']':
        --depth;
        new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      case ':':
        out += ": ";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace devs
