// The only source file that sees cpp-httplib.
#include "orchestrator/net/http_front_router.h"

#include <httplib.h>

#include <array>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "orchestrator/net/redaction.h"

namespace devs {

namespace {

// "0.18.7" -> 18007; the number macro exists only since 0.23.1, as a string.
constexpr unsigned version_number(std::string_view text) {
  std::array<unsigned, 3> part{};
  std::size_t at = 0;
  for (const char c : text) {
    if (c == '.')
      ++at;
    else
      part[at] = part[at] * 10 + static_cast<unsigned>(c - '0');
  }
  return part[0] * 1'000'000 + part[1] * 1'000 + part[2];
}
constexpr unsigned kHttplib = version_number(CPPHTTPLIB_VERSION);
static_assert(kHttplib >= 11'004);
static_assert(sizeof(httplib::Request) == DEVS_HTTPLIB_REQUEST_SIZE,
              "compile with pkg-config --cflags cpp-httplib");

constexpr std::size_t kHeadRoom = 65'536;  // of an answer, beside its body

// No `override`: the base differs by version.
class MemoryStream : public httplib::Stream {
 public:
  MemoryStream(std::string_view request, std::size_t answer_limit)
      : in_(request), limit_(answer_limit) {}
  bool is_readable() const { return !in_.empty(); }
  bool is_writable() const { return true; }  // up to 0.19
  bool wait_readable() const { return !in_.empty(); }
  bool wait_writable() const { return true; }  // from 0.20
  time_t duration() const { return 0; }        // from 0.19
  bool is_peer_alive() const { return true; }  // from 0.34
  ssize_t read(char* to, std::size_t n) {
    n = std::min(n, in_.size());
    std::memcpy(to, in_.data(), n);
    in_.remove_prefix(n);
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t n) {
    if (n > limit_ - out.size()) return -1;
    out.append(from, n);
    return static_cast<ssize_t>(n);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
  }
  socket_t socket() const { return INVALID_SOCKET; }
  using httplib::Stream::write;
  std::string out;

 private:
  std::string_view in_;
  std::size_t limit_;
};

// The request on which this thread works, so that a handler of the library finds
// its exchange.
struct Pass {
  const Request& request;
  Exchange& exchange;
  bool close = false;
  bool served = false;   // a handler of ours ran
  bool refused = false;  // before it: what the exchange says does not count
};
thread_local Pass* current_pass = nullptr;
thread_local DateLine current_date;

std::string escaped(std::string_view constant) {
  std::string pattern;
  for (const char c : constant) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

class HttpRouter::Server : public httplib::Server {
 public:
  Server(const RouteTable& routes, const HttpFront::Authorize& authorize,
         const Admission& admission, const HttpFront::Options& options, const Clock& clock,
         Log& log, Metrics& metrics)
      : authorize_(authorize),
        admission_(admission),
        options_(options),
        clock_(clock),
        log_(log),
        mismatches_(metrics.counter("http_router_mismatch_total")),
        exceptions_(metrics.counter("http_handler_exceptions_total")) {
    set_keep_alive_timeout(15);
    set_payload_max_length(1);  // a tripwire: there is no body for the library to read
    set_exception_handler([this](const httplib::Request&, httplib::Response& response,
                                 std::exception_ptr error) { on_exception(response, error); });
    set_post_routing_handler(
        [this](const httplib::Request&, httplib::Response& response) { complete(response); });
    for (const Route& route : routes.rows()) add(route);
  }

  Outcome pass(const devs::Request& request, Exchange& exchange, bool close) {
    exchange.cors() = request.cors;
    Pass pass{request, exchange, close, false, false};
    MemoryStream io(text_of(request), options_.max_answer_bytes + kHeadRoom);
    current_pass = &pass;
    bool closed = false;
    const bool written = run(io, close, closed, [](httplib::Request& into) { prepare(into); });
    current_pass = nullptr;
    return outcome_of(pass, written, std::move(io.out));
  }

 private:
  // A template, so that the branch of the other versions is not compiled.
  template <class Self = Server>
  bool run(MemoryStream& io, bool close, bool& closed,
           const std::function<void(httplib::Request&)>& prepare_request) {
    Self& self = *this;
    if constexpr (kHttplib >= 18'000)
      return self.process_request(io, "", 0, "", 0, close, closed, prepare_request);
    else
      return self.process_request(io, close, closed, prepare_request);
  }

  void add(const Route& route) {
    const std::string constant = RouteTable::constant_of(route.pattern);
    const auto serve = [this](const httplib::Request&, httplib::Response& response) {
      this->serve(response);
    };
    const std::string pattern = escaped(constant);
    switch (route.method) {
      case Method::get:
      case Method::head:
        Get(pattern, serve);
        break;
      case Method::post:
        Post(pattern, serve);
        break;
      case Method::put:
        Put(pattern, serve);
        break;
      case Method::del:
        Delete(pattern, serve);
        break;
      case Method::options:
        Options(pattern, serve);
        break;
    }
    Texts& texts = texts_[&route];
    texts.plain = text(route.method, constant);
    texts.head = text(Method::head, constant);
  }

  static std::string text(Method method, const std::string& constant) {
    return std::string(name_of(method)) + " " + constant +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
  }

  std::string_view text_of(const devs::Request& request) const {
    const auto found = texts_.find(request.route);
    if (found == texts_.end()) return {};
    return request.head.method == Method::head ? found->second.head : found->second.plain;
  }

  // What the client sent stays with the exchange: a field that the library does not see
  // cannot mean anything to it.
  static void prepare(httplib::Request& into) {
    into.headers.clear();
    into.ranges.clear();
    into.headers.emplace("Content-Length", "0");
  }

  void serve(httplib::Response& response) const {
    Pass& pass = *current_pass;
    pass.served = true;
    Exchange& exchange = pass.exchange;
    const Route& route = *pass.request.route;
    std::optional<HttpAnswer> refusal;
    if (authorize_) refusal = authorize_(exchange, route);
    CorsGrant& cors = exchange.cors();
    if (!refusal && route.cors == CorsPolicy::any && !cors.origin.empty()) {
      const bool authenticated = exchange.principal().name != Principal().name;
      if (auto verdict = admission_.policy().judge_any(cors.origin, authenticated))
        cors.origin = std::move(*verdict);
      else
        refusal = refusal_answer(403, "origin");
    }
    if (refusal) {
      // An undecided grant says nothing.
      if (route.cors == CorsPolicy::any) cors = CorsGrant();
      put(std::move(*refusal), response);
      pass.refused = true;
      return;
    }
    route.handler(exchange);
    switch (exchange.outcome()) {
      case Exchange::Outcome::responded:
        put(exchange.take_answer(), response);
        break;
      case Exchange::Outcome::none:
        log_.error("handler_gave_no_answer", {{"route", route.pattern}});
        put(error_answer(500, "INTERNAL", "no_answer"), response);
        break;
      case Exchange::Outcome::streaming:
      case Exchange::Outcome::deferred:
        response.status = 204;
        break;  // written by the connection
    }
  }

  void put(HttpAnswer answer, httplib::Response& response) const {
    if (!headers_ok(answer)) {
      log_.error("header_not_writable", {{"route", current_pass->request.route->pattern}});
      answer = bad_header_answer();
    }
    if (answer.close) current_pass->close = true;
    response.status = answer.status;
    if (answer.type != ContentType::none)
      response.headers.emplace("Content-Type", name_of(answer.type));
    for (auto& [name, value] : answer.headers) response.headers.emplace(name, std::move(value));
    response.body = std::move(answer.body);
  }

  // The last look before the bytes: versions of the library differ in what they
  // add by themselves.
  void complete(httplib::Response& response) const {
    const Exchange::Outcome said = current_pass->exchange.outcome();
    if (!current_pass->refused &&
        (said == Exchange::Outcome::deferred || said == Exchange::Outcome::streaming))
      return;  // these bytes are thrown away
    auto& headers = response.headers;
    for (const char* name : {"Keep-Alive", "Connection", "Accept-Ranges"}) headers.erase(name);
    if (response.status == 204 || response.status == 304) {
      headers.erase("Content-Length");
      response.body.clear();
    }
    if (headers.find("Cache-Control") == headers.end())
      headers.emplace("Cache-Control", "no-store");
    headers.emplace("X-Content-Type-Options", "nosniff");
    headers.emplace("Referrer-Policy", "no-referrer");
    headers.emplace("Date", std::string(current_date.at(clock_.wall())));
    if (current_pass->close)
      headers.emplace("Connection", "close");
    else
      headers.emplace("Keep-Alive", "timeout=15");
    const CorsGrant& cors = current_pass->exchange.cors();
    if (cors.origin.empty()) return;
    const Route& route = *current_pass->request.route;
    headers.emplace("Access-Control-Allow-Origin", cors.origin);
    if (!cors.methods.empty()) headers.emplace("Access-Control-Allow-Methods", cors.methods);
    if (!route.cors_allow.empty())
      headers.emplace("Access-Control-Allow-Headers", route.cors_allow);
    if (!route.cors_expose.empty())
      headers.emplace("Access-Control-Expose-Headers", route.cors_expose);
    headers.emplace("Vary", "Origin");
  }

  void on_exception(httplib::Response& response, const std::exception_ptr& error) const {
    std::string what = "not a std::exception";
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      what = caught.what();
    } catch (...) {
    }
    exceptions_.add();
    const RequestHead& head = current_pass->exchange.head();
    log_.error("handler_threw", {{"route", current_pass->request.route->pattern},
                                 {"target", redacted(head.path + '?' + head.query)},
                                 {"what", redacted(what)}});
    response = httplib::Response();
    put(error_answer(500, "INTERNAL", "exception"), response);
  }

  Outcome outcome_of(Pass& pass, bool written, std::string out) const {
    Outcome outcome;
    Exchange& exchange = pass.exchange;
    outcome.cors = std::move(exchange.cors());
    if (pass.served && written && !pass.refused &&
        exchange.outcome() == Exchange::Outcome::streaming) {
      outcome.kind = Outcome::Kind::streaming;
      outcome.stream = exchange.take_stream();
      return outcome;
    }
    if (pass.served && !pass.refused && exchange.outcome() == Exchange::Outcome::deferred) {
      outcome.kind = Outcome::Kind::deferred;
      return outcome;
    }
    outcome.close = pass.close;
    if (pass.served && written && out.size() <= options_.max_answer_bytes + kHeadRoom) {
      outcome.head = std::move(out);
      return outcome;
    }
    if (!pass.served) {
      mismatches_.add();
      log_.error("router_mismatch", {{"route", pass.request.route->pattern}});
    }
    EncodedAnswer instead =
        encode_answer(pass.served ? too_large_answer() : error_answer(500, "INTERNAL", "router"),
                      options_.max_answer_bytes);
    finish_head(instead.head, {.date = current_date.at(clock_.wall()), .close = true});
    outcome.close = true;
    outcome.head = std::move(instead.head);
    if (exchange.head().method != Method::head) outcome.body = std::move(instead.body);
    return outcome;
  }

  struct Texts {
    std::string plain;
    std::string head;
  };

  const HttpFront::Authorize& authorize_;
  const Admission& admission_;
  const HttpFront::Options& options_;
  const Clock& clock_;
  Log& log_;
  Counter& mismatches_;
  Counter& exceptions_;
  std::unordered_map<const Route*, Texts> texts_;
};

HttpRouter::HttpRouter(const RouteTable& routes, const HttpFront::Authorize& authorize,
                       const Admission& admission, const HttpFront::Options& options,
                       const Clock& clock, Log& log, Metrics& metrics)
    : server_(
          std::make_unique<Server>(routes, authorize, admission, options, clock, log, metrics)) {
}

HttpRouter::~HttpRouter() = default;

Outcome HttpRouter::run(const Request& request, Exchange& exchange, bool close) const {
  return server_->pass(request, exchange, close);
}

}  // namespace devs
