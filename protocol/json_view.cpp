#include <charconv>
#include <cmath>
#include <cstring>

#include "protocol/json.h"
#include "protocol/json_text.h"

namespace devs {
namespace {

// What stands between the quotes, if both are there.
std::string_view inner_of(std::string_view quoted) {
  return quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
}

bool is_number_start(char c) {
  return c == '-' || (c >= '0' && c <= '9');
}

}  // namespace

// The views trust the grammar but not the memory: text that never passed the
// guard gives nonsense, never an index outside it, and never an endless loop.

std::size_t JsonView::end_of_string(std::string_view text, std::size_t at) {
  std::size_t from = at + 1;
  while (from < text.size()) {
    const void* found = std::memchr(text.data() + from, '"', text.size() - from);
    if (found == nullptr) break;
    const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    std::size_t slashes = 0;
    while (quote - slashes > from && text[quote - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return quote + 1;
    from = quote + 1;
  }
  return text.size();
}

std::size_t JsonView::end_of_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return end_of_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != ',' && text[end] != '}' && text[end] != ']') {
      ++end;
    }
    return end;
  }
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = end_of_string(text, at);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return text.size();
}

std::string JsonView::unescape(std::string_view quoted) {
  return unescaped(inner_of(quoted));
}

JsonView::Kind JsonView::kind() const {
  if (text_.empty()) return Kind::absent;
  switch (text_.front()) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      return is_number_start(text_.front()) ? Kind::number : Kind::absent;
  }
}

bool JsonView::next_member(std::string_view text, std::size_t& at, std::string_view& quoted,
                           JsonView& value) {
  if (at >= text.size() || text[at] == '}') return false;
  const std::size_t name_end = end_of_string(text, at);
  if (name_end >= text.size()) return false;
  const std::size_t value_end = end_of_value(text, name_end + 1);
  quoted = text.substr(at, name_end - at);
  value = JsonView(text.substr(name_end + 1, value_end - name_end - 1));
  at = value_end;
  if (at < text.size() && text[at] == ',') ++at;
  return true;
}

JsonView JsonView::operator[](std::string_view name) const {
  if (!is_object()) return JsonView();
  std::string_view quoted;
  JsonView value;
  for (std::size_t at = 1; next_member(text_, at, quoted, value);) {
    if (equals_unescaped(inner_of(quoted), name)) return value;
  }
  return JsonView();
}

void JsonView::pick(std::initializer_list<Pick> wanted) const {
  if (!is_object()) return;
  std::string_view quoted;
  JsonView value;
  for (std::size_t at = 1; next_member(text_, at, quoted, value);) {
    const std::string_view inner = inner_of(quoted);
    const bool plain = inner.find('\\') == std::string_view::npos;
    for (const auto& [name, place] : wanted) {
      if (plain ? inner == name : equals_unescaped(inner, name)) *place = value;
    }
  }
}

std::optional<std::string> JsonView::string() const {
  if (!is_string()) return std::nullopt;
  return unescape(text_);
}

std::optional<std::int64_t> JsonView::integer() const {
  if (kind() != Kind::number) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, error] = std::from_chars(text_.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> JsonView::number() const {
  if (kind() != Kind::number) return std::nullopt;
  double value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, error] = std::from_chars(text_.data(), end, value);
  if (stop != end) return std::nullopt;
  // The guard let no overflow pass, so what is out of range is too small.
  if (error == std::errc::result_out_of_range) return 0.0;
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<bool> JsonView::boolean() const {
  if (text_ == "true") return true;
  if (text_ == "false") return false;
  return std::nullopt;
}

bool JsonView::is(std::string_view unescaped_value) const {
  return is_string() && equals_unescaped(inner_of(text_), unescaped_value);
}

std::size_t JsonView::size() const {
  const Kind which = kind();
  if (which != Kind::object && which != Kind::array) return 0;
  std::size_t count = 0;
  if (which == Kind::array) {
    each_element([&count](JsonView) { ++count; });
    return count;
  }
  std::string_view quoted;
  JsonView value;
  for (std::size_t at = 1; next_member(text_, at, quoted, value);) ++count;
  return count;
}

}  // namespace devs
