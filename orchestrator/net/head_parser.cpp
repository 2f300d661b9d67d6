#include "orchestrator/net/head_parser.h"

#include <algorithm>
#include <array>

#include "orchestrator/net/percent.h"
#include "protocol/json.h"

namespace devs {

namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
constexpr std::string_view kPathMarks = "/-._~!$&'()*+,;=:@%";
constexpr std::size_t kVersionBytes = 8;  // HTTP/1.1

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_token_char(char c) {
  return is_alnum(c) || kTokenMarks.find(c) != std::string_view::npos;
}
bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Fields whose value decides something here: no byte above ASCII in them.
bool house_reads(std::string_view name) {
  constexpr std::array kNames{
      std::string_view("accept"),
      std::string_view("authorization"),
      std::string_view("connection"),
      std::string_view("content-encoding"),
      std::string_view("content-length"),
      std::string_view("content-type"),
      std::string_view("expect"),
      std::string_view("host"),
      std::string_view("last-event-id"),
      std::string_view("origin"),
      std::string_view("traceparent"),
      std::string_view("tracestate"),
      std::string_view("transfer-encoding"),
      std::string_view("upgrade"),
  };
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("mcp-") || name.starts_with("sec-") ||
         name.starts_with("access-control-");
}

// pchar and '/', each percent sign with two hex digits that are no control byte.
bool is_path(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (!is_alnum(c) && kPathMarks.find(c) == std::string_view::npos) return false;
    if (c != '%') continue;
    if (path.size() - i < 3) return false;
    const int high = hex_digit(path[i + 1]);
    const int low = hex_digit(path[i + 2]);
    if (high < 0 || low < 0) return false;
    const int byte = high * 16 + low;
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (same_text(trimmed(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool read_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& out) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value || !is_utf8(*name) || !is_utf8(*value)) return false;
    const bool twice = std::any_of(out.begin(), out.end(),
                                   [&name](const auto& have) { return have.first == *name; });
    if (twice) return false;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

HeadParser::Step HeadParser::refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  return Step::refused;
}

HeadParser::Step HeadParser::look(std::string_view bytes) {
  if (line_ == 0 && !bytes.empty() && !is_token_char(bytes.front())) return refuse(0, "first_byte");
  for (;;) {
    const std::size_t lf = bytes.find('\n', scanned_);
    const bool whole = lf != std::string_view::npos;
    const std::string_view part = bytes.substr(line_, (whole ? lf : bytes.size()) - line_);
    if (!line_fits(part)) return Step::refused;
    if ((whole ? lf + 1 : bytes.size()) > limits_.head_bytes) return refuse(431, "head");
    const std::size_t cr = part.find('\r');
    if (!whole) {
      if (cr != std::string_view::npos && cr + 1 < part.size()) return refuse(400, "line");
      scanned_ = bytes.size();
      return Step::more;
    }
    if (cr == std::string_view::npos || cr + 1 != part.size()) return refuse(400, "line");
    const std::string_view line = part.substr(0, cr);
    line_ = scanned_ = lf + 1;
    if (!request_line_read_) {
      if (!read_request_line(line)) return Step::refused;
      request_line_read_ = true;
    } else if (line.empty()) {
      return finish() ? Step::done : Step::refused;
    } else if (!read_field(line)) {
      return Step::refused;
    }
  }
}

// Sizes are looked at before the line has ended, so that an endless one is
// refused at its limit.
bool HeadParser::line_fits(std::string_view part) {
  const auto refused = [this](int status, std::string_view reason) {
    refuse(status, reason);
    return false;
  };
  if (request_line_read_) {
    const std::size_t colon = part.find(':');
    const std::size_t name = std::min(colon, part.size());
    if (name > limits_.name_bytes) return refused(431, "field_name");
    if (part.size() - name > limits_.value_bytes + 4) return refused(431, "field_value");
    if (!part.empty() && part != "\r" && head_.fields.size() >= limits_.fields)
      return refused(431, "fields");
    return true;
  }
  const std::size_t method = part.find(' ');
  if (std::min(method, part.size()) > limits_.method_bytes) return refused(501, "method");
  if (method == std::string_view::npos) return true;
  std::string_view target = part.substr(method + 1);
  const std::size_t target_end = target.find(' ');
  if (target_end != std::string_view::npos) {
    if (target.size() - target_end - 1 > kVersionBytes + 1) return refused(400, "version");
    target = target.substr(0, target_end);
  }
  const std::size_t path = std::min(target.find('?'), target.size());
  if (path > limits_.path_bytes) return refused(414, "path");
  if (target.size() - path > limits_.query_bytes + 1) return refused(414, "query");
  return true;
}

bool HeadParser::read_request_line(std::string_view line) {
  const auto refused = [this](int status, std::string_view reason) {
    refuse(status, reason);
    return false;
  };
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return refused(400, "line");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(method) || target.empty()) return refused(400, "line");
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != kVersionBytes || !version.starts_with("HTTP/") || !digit(version[5]) ||
      version[6] != '.' || !digit(version[7]))
    return refused(400, "version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refused(505, "version");
  head_.http_1_0 = version.back() == '0';

  const std::optional<Method> known = method_of(method);
  method_known_ = known.has_value();
  head_.method = known.value_or(Method::get);
  if (!method_known_) {  // its target may have any form: the answer is 501
    if (!std::all_of(target.begin(), target.end(), is_visible)) return refused(400, "target");
    return true;
  }
  if (read_target(target)) return true;
  return refusal_.status == 0 ? refused(400, "target") : false;
}

bool HeadParser::read_target(std::string_view target) {
  if (target == "*") {
    head_.path = target;
    return head_.method == Method::options;
  }
  constexpr std::string_view kScheme = "http://";
  if (same_text(target.substr(0, kScheme.size()), kScheme)) {
    target.remove_prefix(kScheme.size());
    const std::size_t slash = std::min(target.find_first_of("/?"), target.size());
    authority_ = target.substr(0, slash);
    if (authority_.empty()) return false;
    target.remove_prefix(slash);
    if (target.empty() || target.front() == '?') head_.path = "/";
  }
  const std::size_t mark = target.find('?');
  if (head_.path.empty()) head_.path = target.substr(0, mark);
  if (head_.path.empty() || head_.path.front() != '/' || !is_path(head_.path)) return false;
  if (mark == std::string_view::npos) return true;
  head_.query = target.substr(mark + 1);
  const bool clean = std::all_of(head_.query.begin(), head_.query.end(),
                                 [](char c) { return is_visible(c) && c != '#'; });
  if (!clean) return false;
  const auto pairs = std::count(head_.query.begin(), head_.query.end(), '&') + 1;
  if (static_cast<std::size_t>(pairs) > limits_.query_params) {
    refuse(414, "query");
    return false;
  }
  return read_query(head_.query, head_.query_params);
}

bool HeadParser::read_field(std::string_view line) {
  const auto refused = [this] {
    refuse(400, "field");
    return false;
  };
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return refused();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), lower);
  const std::string_view raw = line.substr(colon + 1);
  const std::string_view value = trimmed(raw);
  if (value.size() > limits_.value_bytes) {
    refuse(431, "field_value");
    return false;
  }
  bool high = false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return refused();
    high = high || byte >= 0x80;
  }
  if (high && house_reads(name)) return refused();
  if (name == "content-length") length_ = raw;
  if (name == "transfer-encoding") coding_ = raw;
  head_.fields.emplace_back(std::move(name), value);
  return true;
}

bool HeadParser::finish() {
  if (!read_framing()) return false;
  if (head_.count("host") != 1) {
    refuse(400, "host");
    return false;
  }
  head_.host = head_.field("host");
  if (!authority_.empty() && !same_text(authority_, head_.host)) {
    refuse(400, "target");
    return false;
  }
  return read_connection();
}

// RFC 9112 section 6, and stricter: whatever two readers could understand in two
// ways is refused, because the other reader may be the proxy before us.
bool HeadParser::read_framing() {
  const auto refused = [this](int status) {
    refuse(status, "length");
    return false;
  };
  const std::size_t lengths = head_.count("content-length");
  const std::size_t codings = head_.count("transfer-encoding");
  if (lengths + codings == 0) return true;
  if (lengths > 0 && codings > 0) return refused(400);
  if (codings > 0) {
    if (codings > 1 || head_.http_1_0) return refused(400);
    std::string_view coding = coding_;
    if (coding.starts_with(' ')) coding.remove_prefix(1);
    if (!same_text(coding, "chunked")) return refused(501);
    head_.body = RequestHead::Body::chunked;
    return true;
  }
  std::string_view digits = length_;
  if (digits.starts_with(' ')) digits.remove_prefix(1);
  if (lengths > 1 || digits.empty() || digits.size() > 10) return refused(400);
  std::uint64_t length = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return refused(400);
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  head_.body = RequestHead::Body::length;
  head_.content_length = length;
  return true;
}

bool HeadParser::read_connection() {
  head_.keep_alive = !head_.http_1_0;
  for (const auto& [name, value] : head_.fields) {
    if (name == "connection" && has_token(value, "close")) head_.keep_alive = false;
    if (name != "expect" || head_.http_1_0) continue;
    if (same_text(value, "100-continue"))
      head_.expects_continue = true;
    else
      expectation_unknown_ = true;
  }
  return true;
}

}  // namespace devs
