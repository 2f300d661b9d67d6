#include "orchestrator/net/route_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "orchestrator/net/percent.h"
#include "orchestrator/net/request_head.h"
#include "protocol/json.h"

namespace devs {

namespace {

// A pattern of more than this is compared by the router's regular expressions,
// which cost by length.
constexpr std::size_t kMaxConstant = 64;

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  for (std::size_t from = 1; from <= path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    segments.emplace_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  return segments;
}

// `{id}:subscribe` -> name `id`, verb `:subscribe`; nullopt for a literal.
struct Param {
  std::string_view name;
  std::string_view verb;
};
std::optional<Param> param_of(std::string_view segment) {
  if (segment.empty() || segment.front() != '{') return std::nullopt;
  const std::size_t close = segment.find('}');
  if (close == std::string_view::npos) return std::nullopt;
  return Param{segment.substr(1, close - 1), segment.substr(close + 1)};
}

// The decoded value, or nullopt when it could mean another path or no text.
std::optional<std::string> decoded(std::string_view raw) {
  std::optional<std::string> value = percent_decode(raw, false);
  if (!value || *value == "." || *value == ".." || !is_utf8(*value)) return std::nullopt;
  const bool unsafe = std::any_of(value->begin(), value->end(), [](char c) {
    return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (unsafe) return std::nullopt;
  return value;
}

constexpr std::array kOrder{Method::get, Method::head, Method::post,
                            Method::put, Method::del,  Method::options};

}  // namespace

const std::string* query_credential(const RequestHead& head) {
  const std::string* const token = head.query_param("token");
  return token != nullptr ? token : head.query_param("streamToken");
}

std::string RouteTable::constant_of(std::string_view pattern) {
  std::string constant;
  for (const std::string& segment : segments_of(pattern)) {
    constant += '/';
    if (const auto param = param_of(segment))
      constant.append("_").append(param->verb);
    else
      constant += segment;
  }
  return constant;
}

Status RouteTable::add(Route route) {
  if (route.pattern.empty() || route.pattern.front() != '/')
    return Status(Code::invalid_argument, "a route begins with '/': " + route.pattern);
  if (!route.handler)
    return Status(Code::invalid_argument, "a route has no handler: " + route.pattern);
  Shape shape{.segments = segments_of(route.pattern)};
  for (const std::string& segment : shape.segments) {
    if (segment == "_")
      return Status(Code::invalid_argument, "a literal segment '_': " + route.pattern);
    const auto param = param_of(segment);
    if (!param && segment.find_first_of("{}") != std::string::npos)
      return Status(Code::invalid_argument, "a parameter is one whole segment: " + route.pattern);
    if (param) shape.literal = false;
    if (param && !param->verb.empty()) ++shape.verbs;
  }
  const std::string constant = constant_of(route.pattern);
  if (constant.size() > kMaxConstant)
    return Status(Code::invalid_argument,
                  fmt::format("a route is longer than {} bytes: {}", kMaxConstant, route.pattern));
  for (const Route& row : rows_)
    if (row.method == route.method && constant_of(row.pattern) == constant)
      return Status(Code::invalid_argument,
                    fmt::format("two routes look alike: {} {} and {}", name_of(route.method),
                                row.pattern, route.pattern));
  rows_.push_back(std::move(route));
  shapes_.push_back(std::move(shape));
  return {};
}

// A parameter that must not be is a match all the same: it is answered 400, not
// with the row that would come next.
bool RouteTable::fits(const Shape& shape, std::string_view path, RouteMatch& match) const {
  match.params.clear();
  match.bad_param = false;
  std::size_t from = 1;
  for (const std::string& segment : shape.segments) {
    if (from > path.size()) return false;
    const std::size_t slash = std::min(path.find('/', from), path.size());
    std::string_view sent = path.substr(from, slash - from);
    from = slash + 1;
    const auto param = param_of(segment);
    if (!param) {
      if (sent != segment) return false;
      continue;
    }
    if (sent.size() <= param->verb.size() || !sent.ends_with(param->verb)) return false;
    sent.remove_suffix(param->verb.size());
    if (std::optional<std::string> value = decoded(sent))
      match.params.emplace_back(param->name, std::move(*value));
    else
      match.bad_param = true;
  }
  return from > path.size();
}

RouteMatch RouteTable::match(Method method, std::string_view raw_path) const {
  const Method wanted = method == Method::head ? Method::get : method;
  RouteMatch best;
  std::size_t best_rank = 0;  // literal rows before verbs before plain parameters
  std::array<bool, kOrder.size()> has{};
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Route& row = rows_[i];
    const Shape& shape = shapes_[i];
    RouteMatch found;
    if (shape.literal ? row.pattern != raw_path : !fits(shape, raw_path, found)) continue;
    has[static_cast<std::size_t>(row.method)] = true;
    const std::size_t rank = shape.literal ? 1000 : 1 + shape.verbs;
    if (row.method != wanted || rank <= best_rank) continue;
    best_rank = rank;
    best.route = &row;
    best.params = std::move(found.params);
    best.bad_param = found.bad_param;
  }
  if (best.route) return best;  // nobody asks what else there is
  if (has[static_cast<std::size_t>(Method::get)])
    has[static_cast<std::size_t>(Method::head)] = true;
  for (const Method each : kOrder) {
    if (!has[static_cast<std::size_t>(each)] || each == Method::options) continue;
    best.allow.append(name_of(each)).append(", ");
  }
  if (!best.allow.empty()) best.allow.append(name_of(Method::options));
  return best;
}

}  // namespace devs
