#include "protocol/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "protocol/inline_stack.h"
#include "protocol/json_text.h"

namespace devs {
namespace {

struct Name {
  std::size_t hash;        // of the unescaped bytes
  std::uint32_t at, size;  // as written, between the quotes
};
struct Open {
  bool is_object;
  std::uint32_t first_name;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// True when a number of correct grammar is beyond every finite double.
bool overflows(std::string_view number) {
  const std::size_t e = std::min(number.find_first_of("eE"), number.size());
  if (e == number.size() && number.size() <= 300) return false;
  std::string_view mantissa = number.substr(0, e);
  if (mantissa.starts_with('-')) mantissa.remove_prefix(1);
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return false;
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());

  std::int64_t exponent = 0;
  std::string_view digits = number.substr(std::min(e + 1, number.size()));
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  for (const char digit : digits) {
    exponent = std::min<std::int64_t>(exponent * 10 + (digit - '0'), 1'000'000'000'000);
  }
  if (negative) exponent = -exponent;

  // value lies in [10^(magnitude-1), 10^magnitude)
  const std::int64_t magnitude =
      exponent + (first < point ? static_cast<std::int64_t>(point - first)
                                : 1 - static_cast<std::int64_t>(first - point));
  if (magnitude <= 308) return false;
  if (magnitude >= 310) return true;
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  return parsed.ec != std::errc() || !std::isfinite(value);
}

class Guard {
 public:
  Guard(std::string_view text, const JsonBounds& bounds) : text_(text), bounds_(bounds) {}
  Result<std::string> run();

 private:
  enum class Want { value, value_or_end, name, name_or_end, colon, comma_or_end, nothing };

  // Each returns false after it has written error_.
  bool step();
  bool token();
  bool open(bool is_object);
  bool close(char bracket);
  bool value();
  bool name();
  bool string(std::size_t limit, const char* what, bool is_name);
  bool escape(bool is_name);
  bool number();
  bool literal(std::string_view word);
  bool names_differ(std::size_t first);

  void skip_space();
  std::string finish();
  void after_value() { want_ = open_.size() == 0 ? Want::nothing : Want::comma_or_end; }
  bool fail(std::size_t at, std::string_view what);
  bool over(std::size_t at, std::string_view what, std::size_t limit);
  std::string_view slice(const Name& of) const { return text_.substr(of.at, of.size); }
  bool before(const Name& a, const Name& b) const;
  bool same(const Name& a, const Name& b) const;

  const std::string_view text_;
  const JsonBounds bounds_;
  std::size_t at_ = 0;
  std::size_t kept_from_ = 0;  // start of the bytes not yet copied to out_
  std::size_t tokens_ = 0;
  Want want_ = Want::value;
  InlineStack<Open, 64> open_;
  InlineStack<Name, 32> names_;  // of all open objects, outermost first
  std::string out_;
  Status error_;
};

bool Guard::fail(std::size_t at, std::string_view what) {
  error_ = Status(Code::invalid_argument, "byte " + std::to_string(at) + ": " + std::string(what));
  return false;
}

bool Guard::over(std::size_t at, std::string_view what, std::size_t limit) {
  error_ =
      Status(Code::resource_exhausted, "byte " + std::to_string(at) + ": " + std::string(what) +
                                           " beyond " + std::to_string(limit));
  return false;
}

Result<std::string> Guard::run() {
  const std::size_t most =
      std::min<std::size_t>(bounds_.bytes, std::numeric_limits<std::uint32_t>::max());
  if (text_.size() > most) {
    over(most, "text", most);
    return error_;
  }
  if (text_.starts_with("\xEF\xBB\xBF")) {
    fail(0, "a byte order mark");
    return error_;
  }
  for (;;) {
    skip_space();
    if (at_ == text_.size()) break;
    if (!step()) return error_;
  }
  if (want_ != Want::nothing) {
    fail(at_, "the text ends early");
    return error_;
  }
  return finish();
}

void Guard::skip_space() {
  const auto is_space = [this] {
    const char c = text_[at_];
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
  };
  if (at_ == text_.size() || !is_space()) return;
  if (out_.capacity() < text_.size()) out_.reserve(text_.size());
  out_.append(text_.substr(kept_from_, at_ - kept_from_));
  while (at_ < text_.size() && is_space()) ++at_;
  kept_from_ = at_;
}

std::string Guard::finish() {
  if (kept_from_ == 0) return std::string(text_);  // was compact already
  out_.append(text_.substr(kept_from_));
  // White space is cheap to send and must not be what we hold on to.
  if (out_.capacity() > 2 * out_.size() + 256) out_.shrink_to_fit();
  return std::move(out_);
}

bool Guard::step() {
  const char c = text_[at_];
  switch (want_) {
    case Want::value_or_end:
      return c == ']' ? close(c) : value();
    case Want::value:
      return value();
    case Want::name_or_end:
      return c == '}' ? close(c) : name();
    case Want::name:
      return name();
    case Want::colon:
      if (c != ':') return fail(at_, "expected ':'");
      want_ = Want::value;
      return token();
    case Want::comma_or_end:
      if (c != ',') return close(c);
      want_ = open_.back().is_object ? Want::name : Want::value;
      return token();
    case Want::nothing:
      break;
  }
  return fail(at_, "bytes after the value");
}

bool Guard::token() {
  if (++tokens_ > bounds_.tokens) return over(at_, "structural tokens", bounds_.tokens);
  ++at_;
  return true;
}

bool Guard::open(bool is_object) {
  if (open_.size() >= bounds_.depth) return over(at_, "nesting", bounds_.depth);
  open_.push({is_object, static_cast<std::uint32_t>(names_.size())});
  want_ = is_object ? Want::name_or_end : Want::value_or_end;
  return token();
}

bool Guard::close(char bracket) {
  const Open closing = open_.back();
  if (bracket != (closing.is_object ? '}' : ']')) {
    return fail(at_, closing.is_object ? "expected ',' or '}'" : "expected ',' or ']'");
  }
  if (closing.is_object) {
    if (!names_differ(closing.first_name)) return false;
    names_.shrink_to(closing.first_name);
  }
  open_.shrink_to(open_.size() - 1);
  after_value();
  return token();
}

bool Guard::value() {
  switch (text_[at_]) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      if (!string(bounds_.string_bytes, "a string", false)) return false;
      after_value();
      return true;
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

bool Guard::literal(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return fail(at_, "expected a value");
  at_ += word.size();
  after_value();
  return true;
}

bool Guard::name() {
  if (text_[at_] != '"') return fail(at_, "expected a member name");
  const std::size_t begin = at_ + 1;
  if (!string(bounds_.name_bytes, "a member name", true)) return false;
  const std::string_view raw = text_.substr(begin, at_ - 1 - begin);
  const bool plain = raw.find('\\') == std::string_view::npos;
  names_.push(
      {plain ? std::hash<std::string_view>()(raw) : std::hash<std::string>()(unescaped(raw)),
       static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(raw.size())});
  want_ = Want::colon;
  return true;
}

bool Guard::string(std::size_t limit, const char* what, bool is_name) {
  const std::size_t begin = ++at_;
  for (;;) {
    at_ = plain_end(text_, at_);
    if (at_ - begin > limit) return over(begin, what, limit);
    if (at_ == text_.size()) return fail(at_, "the text ends inside a string");
    const char c = text_[at_];
    if (c == '"') break;
    if (c == '\\') {
      if (!escape(is_name)) return false;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return fail(at_, "a control byte inside a string");
    } else {
      do {
        const std::size_t length = utf8_sequence(text_, at_);
        if (length == 0) return fail(at_, "not UTF-8");
        at_ += length;
      } while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x80);
    }
  }
  ++at_;
  return true;
}

bool Guard::escape(bool is_name) {
  const std::size_t begin = at_;
  if (begin + 1 >= text_.size()) return fail(text_.size(), "the text ends inside a string");
  const char kind = text_[begin + 1];
  if (kind != 'u') {
    if (std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
      return fail(begin, "an unknown escape");
    }
    at_ += 2;
    return true;
  }
  const int unit = hex_unit(text_, begin + 2);
  if (unit < 0) return fail(begin, "an escape without four hex digits");
  if (unit == 0 && is_name) return fail(begin, "NUL in a member name");
  at_ += 6;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  const bool follows = unit <= 0xDBFF && text_.substr(at_, 2) == "\\u";
  const int low = follows ? hex_unit(text_, at_ + 2) : -1;
  if (low < 0xDC00 || low > 0xDFFF) return fail(begin, "a lone surrogate");
  at_ += 6;
  return true;
}

bool Guard::number() {
  const std::size_t begin = at_;
  const auto here = [this] { return at_ < text_.size() ? text_[at_] : '\0'; };
  const auto digits = [&] {
    const std::size_t from = at_;
    while (is_digit(here())) ++at_;
    return at_ > from;
  };
  if (here() == '-') ++at_;
  if (here() == '0') {
    ++at_;
  } else if (!digits()) {
    return fail(begin, "expected a value");
  }
  if (here() == '.') {
    ++at_;
    if (!digits()) return fail(at_, "expected a digit");
  }
  if (here() == 'e' || here() == 'E') {
    ++at_;
    if (here() == '+' || here() == '-') ++at_;
    if (!digits()) return fail(at_, "expected a digit");
  }
  if (at_ - begin > bounds_.number_bytes) return over(begin, "a number", bounds_.number_bytes);
  if (overflows(text_.substr(begin, at_ - begin))) {
    return fail(begin, "a number no double can hold");
  }
  after_value();
  return true;
}

// Bytes are compared only where hashes collide, so the cost is O(n log n)
// comparisons even for names chosen to collide.
bool Guard::before(const Name& a, const Name& b) const {
  if (a.hash != b.hash) return a.hash < b.hash;
  return unescaped(slice(a)) < unescaped(slice(b));
}

bool Guard::same(const Name& a, const Name& b) const {
  return a.hash == b.hash && unescaped(slice(a)) == unescaped(slice(b));
}

bool Guard::names_differ(std::size_t first) {
  Name* begin = names_.data() + first;
  Name* end = names_.data() + names_.size();
  const auto refuse = [this](const Name& a, const Name& b) {
    return fail(std::max(a.at, b.at) - 1, "a member name that was there already");
  };
  if (end - begin <= 8) {
    for (Name* later = begin; later != end; ++later) {
      for (Name* earlier = begin; earlier != later; ++earlier) {
        if (same(*earlier, *later)) return refuse(*earlier, *later);
      }
    }
    return true;
  }
  std::sort(begin, end, [this](const Name& a, const Name& b) { return before(a, b); });
  for (Name* later = begin + 1; later != end; ++later) {
    if (same(*(later - 1), *later)) return refuse(*(later - 1), *later);
  }
  return true;
}

}  // namespace

Result<std::string> compact_json(std::string_view text, const JsonBounds& bounds) {
  return Guard(text, bounds).run();
}

}  // namespace devs
