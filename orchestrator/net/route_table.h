#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/net/http_message.h"
#include "protocol/result.h"

namespace devs {

class Exchange;
class RequestHead;
// Runs on an http worker with one complete request; answers through the Exchange
// exactly once (respond, stream or defer).  Must not wait.
using Handler = std::function<void(Exchange&)>;

// Which pages may ask (streams 2.3): those of the list; any, once it is known who speaks;
// those of the list for tool-graph pages.
enum class CorsPolicy { list, any, graph };
// What a route takes for one (streams 2.1), besides nothing in an open house.
enum class Credential {
  none,            // asks for none (health)
  bearer,          // `Authorization: Bearer`
  stream,          // that, or a stream token in the query
  stream_or_query  // those, or with `auth.query_bearer` the bearer in the query
};
// The query's credential: the value of `token`, else of `streamToken`; nullptr: none.
// A route of Credential::bearer has no eye for it.
const std::string* query_credential(const RequestHead& head);

// One row: limits, policy and handler follow from one match over raw bytes, so
// they cannot disagree.
struct Route {
  Method method = Method::get;
  // Literal segments and `{name}` for one whole segment.
  std::string pattern{};
  Handler handler{};
  std::size_t max_body = 0;    // 0: no body accepted
  bool body_optional = false;  // POST without length is an empty body, not 411
  // Accepted Content-Types of a body (`application/json`), without parameters.
  std::vector<std::string> content_types{};
  Credential credential = Credential::bearer;
  CorsPolicy cors = CorsPolicy::list;
  // What a page of an allowed origin may send, and may read of the answer: on every route
  // when to come back, since any may be asked too often.
  std::string cors_allow = "Content-Type, Authorization, Last-Event-ID";
  std::string cors_expose = "Retry-After";
  // And may send besides: fields of a name that begins so, in any case, as it asks for them.
  std::string cors_allow_prefix{};
  bool is_stream = false;      // HEAD answers the head alone, takes no slot
  bool cancel_on_fin = false;  // a client that hangs up cancels
};

struct RouteMatch {
  const Route* route = nullptr;  // null: 404, or 405 when `allow` is not empty
  std::string allow;             // methods of the path, for 405 and OPTIONS
  std::vector<std::pair<std::string, std::string>> params;  // decoded
  bool bad_param = false;  // 400: a '/', '..', bad percent or UTF-8 in one
};

// Immutable once a front was made from it.
class RouteTable {
 public:
  // Refuses two rows with one constant, a literal `_`, a constant over 64 bytes.
  Status add(Route route);
  RouteMatch match(Method method, std::string_view raw_path) const;
  const std::vector<Route>& rows() const { return rows_; }

  // What the router is given for a row: the pattern with each `{name}` as `_`.
  static std::string constant_of(std::string_view pattern);

 private:
  struct Shape {
    std::vector<std::string> segments;  // `{name}` kept as such
    bool literal = true;
    std::size_t verbs = 0;  // segments like `{id}:subscribe`
  };
  bool fits(const Shape& shape, std::string_view path, RouteMatch& match) const;

  std::vector<Route> rows_;
  std::vector<Shape> shapes_;  // of the row with the same index
};

}  // namespace devs
