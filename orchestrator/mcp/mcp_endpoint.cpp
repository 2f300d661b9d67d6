#include "orchestrator/mcp/mcp_endpoint.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "orchestrator/mcp/http_sse_face.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/session_streams.h"
#include "orchestrator/mcp/stdio_face.h"
#include "orchestrator/mcp/task_json.h"
#include "protocol/limits.h"
#include "trace/bell.h"

namespace devs {
namespace {

// A change of the tools is told at once, further ones within this time together.
constexpr std::chrono::milliseconds kTellTogether{50};
// Clients told in one turn of the reactor.
constexpr std::size_t kTellSlice = 500;
// How long a client whose stream we end early should wait before it comes back.
constexpr unsigned kRetryMs = 1'000;
constexpr std::chrono::milliseconds kSweepAtMost{30'000};

}  // namespace

// The endpoint's own clockwork, confined to the reactor but for start and close:
// sessions that expire, clients that are told of changed tools.
class McpEndpoint::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(McpHousePtr with, Log& log)
      : house(std::move(with)),
        log_(log),
        sweep_([this] { sweep(); }),
        tell_([this] { tell_again(); }) {}

  void start() {
    house->mcp_tasks->tell([weak = std::weak_ptr<McpHouse>(house)](const TaskView& view) {
      const auto here = weak.lock();
      if (!here || !here->listens.wants_task(view.record.key)) return;
      here->listens.task_changed(view.record.key, whole_task(view));
    });
    house->tools.attach(*bell_);
    house->prompts.attach(*prompts_bell_);
    house->resources.attach(*resources_bell_);
    house->templates.attach(*resources_bell_);
    house->reactor.post([self = shared_from_this()] {
      // The bell lives as long as whoever may look at it, the reactor included.
      self->house->reactor.attach(*self->bell_,
                                  [bell = self->bell_, weak = std::weak_ptr<Impl>(self)] {
                                    if (const auto impl = weak.lock()) impl->tools_changed();
                                  });
      self->watch(self->prompts_bell_, "notifications/prompts/list_changed",
                  Listens::Change::prompts);
      self->watch(self->resources_bell_, "notifications/resources/list_changed",
                  Listens::Change::resources);
      if (!self->house->closed) self->sweep();
    });
  }

  void close() {
    if (house->closed.exchange(true)) return;
    for (const SessionPtr& session : house->sessions.take_all()) {
      session->host_requests().close(Status(Code::cancelled, "shutting down"));
      session->streams()->close(kRetryMs);
    }
    house->sessions_open.set(0);
    house->listens.close();
    if (stdio) stdio->stop();
    http_sse->close();
    house->reactor.post([self = shared_from_this()] {
      self->sweep_.cancel();
      self->tell_.cancel();
      self->house->slow->stop();
      self->house->promotions->stop();
      self->house->reads->stop();
    });
  }

  const McpHousePtr house;
  const std::shared_ptr<HttpSseFace> http_sse = std::make_shared<HttpSseFace>(house);
  std::shared_ptr<StdioFace> stdio;  // the owner's

 private:
  void sweep() {
    if (house->closed) return;
    const TimePoint now = house->reactor.now();
    const std::vector<SessionPtr> expired = house->sessions.take_expired(now);
    for (const SessionPtr& session : expired) session->end("the session expired");
    house->sessions_expired.add(expired.size());
    house->sessions_open.set(house->sessions.size());
    house->mcp_tasks->sweep();
    if (!expired.empty()) {
      log_.info("mcp_sessions_expired", {{"count", std::to_string(expired.size())}});
    }
    house->reactor.timers().set(sweep_, now + sweep_every());
  }

  std::chrono::milliseconds sweep_every() const {
    return std::clamp(house->options.session_idle / 8, std::chrono::milliseconds(10), kSweepAtMost);
  }

  // Prompts and resources change rarely: who holds a stream open is told each time.
  void watch(const std::shared_ptr<Bell>& bell, std::string_view method, Listens::Change change) {
    house->reactor.attach(*bell, [bell, method, change, weak = weak_from_this()] {
      const auto impl = weak.lock();
      if (!impl || impl->house->closed) return;
      impl->house->listens.changed(change);
      impl->tell_all([message = encode_rpc_notification(method, {})](Session& session) {
        session.tell(message, {.once = true});
      });
    });
  }

  void tools_changed() {
    if (house->closed) return;
    house->listens.changed(Listens::Change::tools);
    tell_sessions();
  }

  // Changes that come together are told to each session once.
  void tell_sessions() {
    if (tell_.armed()) {
      changed_again_ = true;
      return;
    }
    house->reactor.timers().set(tell_, house->reactor.now() + kTellTogether);
    tell_all([this](Session& session) { tell_tools_changed(*house, session); });
  }

  void tell_again() {
    if (std::exchange(changed_again_, false) && !house->closed) tell_sessions();
  }

  using Tell = std::function<void(Session&)>;
  void tell_all(Tell tell) {
    tell_from(std::make_shared<const std::vector<SessionPtr>>(house->sessions.all()), 0,
              std::move(tell));
  }
  void tell_from(std::shared_ptr<const std::vector<SessionPtr>> sessions, std::size_t at,
                 Tell tell) {
    const std::size_t end = std::min(sessions->size(), at + kTellSlice);
    for (; at < end; ++at) tell(*(*sessions)[at]);
    if (at == sessions->size()) return;
    house->reactor.post([self = shared_from_this(), sessions = std::move(sessions), at,
                         tell = std::move(tell)]() mutable {
      self->tell_from(std::move(sessions), at, std::move(tell));
    });
  }

  Log& log_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  const std::shared_ptr<Bell> prompts_bell_ = std::make_shared<Bell>();
  const std::shared_ptr<Bell> resources_bell_ = std::make_shared<Bell>();
  Timer sweep_;
  Timer tell_;
  bool changed_again_ = false;
};

namespace {

// What the host brought no key and no store for is good as long as this process.
McpEndpoint::Options complete(McpEndpoint::Options options) {
  if (!options.seal) options.seal = std::make_shared<const Seal>(Seal::of_this_process());
  if (!options.tasks) options.tasks = TaskStore::open({}, 0).value();
  return options;
}

}  // namespace

McpEndpoint::McpEndpoint(Options options, CallDesk& calls, ToolRegistry& tools, Reactor& reactor,
                         WorkerPool& workers, Log& log, Metrics& metrics)
    : impl_(
          std::make_shared<Impl>(std::make_shared<McpHouse>(complete(std::move(options)), calls,
                                                            tools, reactor, workers, log, metrics),
                                 log)) {
  impl_->start();
}

McpEndpoint::~McpEndpoint() {
  close();
  if (impl_->stdio) impl_->stdio->let_go();
}

void McpEndpoint::serve_stdio(BytePipe in, BytePipe out,
                              std::function<void(std::string_view why)> on_end,
                              WorkerPool& workers) {
  StdioFace::Options options{
      .in = std::move(in), .out = std::move(out), .on_end = std::move(on_end)};
  impl_->stdio = std::make_shared<StdioFace>(impl_->house, std::move(options), workers);
  impl_->stdio->start();
}

void McpEndpoint::wait_stdio_written(std::chrono::milliseconds at_most) {
  if (impl_->stdio) impl_->stdio->wait_written(at_most);
}

Status McpEndpoint::add_routes(RouteTable& routes) {
  const McpHousePtr house = impl_->house;
  Route post;
  post.method = Method::post;
  post.pattern = "/mcp";
  post.handler = [house](Exchange& exchange) { handle_mcp_post(house, exchange); };
  post.max_body = kRequestJson.bytes;
  post.content_types = {"application/json"};
  Route get;
  get.method = Method::get;
  get.pattern = "/mcp";
  get.handler = [house](Exchange& exchange) { handle_mcp_get(house, exchange); };
  get.is_stream = true;
  Route del;
  del.method = Method::del;
  del.pattern = "/mcp";
  del.handler = [house](Exchange& exchange) { handle_mcp_delete(house, exchange); };
  for (Route* route : {&post, &get, &del}) {
    route->cors_allow =
        "Content-Type, Authorization, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, "
        "Mcp-Method, Mcp-Name";
    route->cors_allow_prefix = "Mcp-Param-";
    route->cors_expose = "Mcp-Session-Id, WWW-Authenticate, Retry-After";
    if (Status added = routes.add(std::move(*route)); !added.ok()) return added;
  }
  return house->options.http_sse ? impl_->http_sse->add_routes(routes) : Status();
}

void McpEndpoint::close() {
  impl_->close();
}

Offers& McpEndpoint::prompts() {
  return impl_->house->prompts;
}
Offers& McpEndpoint::resources() {
  return impl_->house->resources;
}
Offers& McpEndpoint::templates() {
  return impl_->house->templates;
}

void McpEndpoint::resource_updated(std::string_view uri) {
  McpHouse& house = *impl_->house;
  house.listens.updated(uri);
  const std::string message = encode_rpc_notification("notifications/resources/updated",
                                                      "{\"uri\":" + json_string(uri) + "}");
  for (const SessionPtr& session : house.sessions.all())
    if (session->subscribed(uri)) session->tell(message, {.once = true});
}

std::size_t McpEndpoint::sessions() const {
  return impl_->house->sessions.size();
}

}  // namespace devs
