#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/limits.h"
#include "protocol/result.h"

namespace devs {

// The one guard every byte of JSON from outside passes.  One pass over the
// bytes, no recursion, no tree: RFC 8259 grammar and UTF-8 strictly, the bounds,
// duplicate member names (compared after unescaping) and numbers that overflow
// a double refused, no BOM, no trailing bytes, no lone surrogates (escaped ones
// included), no NUL in names.
//
// The answer is the compact text (SAOP section 1): white space outside strings
// removed; member order, number spelling and string escapes untouched.  That
// text is what the house stores and forwards, so nobody ever parses, or passes
// on, what was not checked.
//
// Fails with invalid_argument, or resource_exhausted when a bound was passed;
// the message names the byte.
Result<std::string> compact_json(std::string_view text, const JsonBounds& bounds);

// A look into compact text, without a tree and without a copy.
//
// A view is a slice of text that passed compact_json(); it is as cheap to make
// and to copy as a string_view and lives as long as that text.  Absent members,
// and members of the wrong kind, are answers (`absent`, nullopt), never throws.
//
// Cost: reading a member scans the object up to it.  Immutable.
class JsonView {
 public:
  enum class Kind { absent, null, boolean, number, string, array, object };

  JsonView() = default;  // absent
  // REQUIRES: `checked` came from compact_json(), or was written by this house.
  explicit JsonView(std::string_view checked) : text_(checked) {}

  Kind kind() const;
  bool present() const { return !text_.empty(); }
  bool is_object() const { return kind() == Kind::object; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_string() const { return kind() == Kind::string; }

  // The slice itself: `{"a":1}`, `"x"`, `1.10`; empty when absent.
  std::string_view text() const { return text_; }

  // The first member of that name; absent when there is none or no object.
  JsonView operator[](std::string_view name) const;
  // The same for several names in one pass over the object; views of names that
  // are not there are left as they were.
  using Pick = std::pair<std::string_view, JsonView*>;
  void pick(std::initializer_list<Pick> wanted) const;

  // The value of a string, unescaped; of an integer that fits; of a boolean.
  std::optional<std::string> string() const;
  std::optional<std::int64_t> integer() const;  // spelled without '.' or 'e'
  std::optional<double> number() const;
  std::optional<bool> boolean() const;

  // Bytes that differ only by escaping are equal.  Faster than string() == s.
  bool is(std::string_view unescaped) const;

  // f(name, value) -> void for each member, `name` unescaped, in written order.
  template <class F>
  void each_member(F&& f) const;
  // f(value) -> void for each element, in order.
  template <class F>
  void each_element(F&& f) const;
  std::size_t size() const;  // members or elements; 0 for anything else

 private:
  // Moves `at` past the member that begins there; false at the end.  `quoted` is
  // the name as written.  REQUIRES: the text is an object's.
  static bool next_member(std::string_view text, std::size_t& at, std::string_view& quoted,
                          JsonView& value);
  // Both return the index just past the value that begins at `at`.
  static std::size_t end_of_value(std::string_view text, std::size_t at);
  static std::size_t end_of_string(std::string_view text, std::size_t at);
  static std::string unescape(std::string_view quoted);

  std::string_view text_;
};

// Appends `utf8` as a quoted JSON string.  Bytes that are no valid UTF-8 become
// U+FFFD, so what leaves the house is always JSON.
void append_json_string(std::string& out, std::string_view utf8);
std::string json_string(std::string_view utf8);

// True when `bytes` is well-formed UTF-8 (no overlongs, no surrogates).
bool is_utf8(std::string_view bytes);
// The longest prefix of at most `limit` bytes that does not cut a code point.
std::string_view utf8_prefix(std::string_view utf8, std::size_t limit);

template <class F>
void JsonView::each_member(F&& f) const {
  if (!is_object()) return;
  std::string_view quoted;
  JsonView value;
  for (std::size_t at = 1; next_member(text_, at, quoted, value);) f(unescape(quoted), value);
}

template <class F>
void JsonView::each_element(F&& f) const {
  if (!is_array()) return;
  std::size_t at = 1;
  while (at < text_.size() && text_[at] != ']') {
    const std::size_t value_end = end_of_value(text_, at);
    f(JsonView(text_.substr(at, value_end - at)));
    at = value_end;
    if (at < text_.size() && text_[at] == ',') ++at;
  }
}

}  // namespace devs
