#include "orchestrator/mcp/session_streams.h"

#include <utility>

#include "orchestrator/mcp/accept_header.h"
#include "orchestrator/mcp/answer_stream.h"
#include "orchestrator/mcp/rpc_reply.h"

namespace devs {

StreamStart start_session_stream(const McpHousePtr& house, SessionPtr session,
                                 std::shared_ptr<StreamShelf> shelf, StreamShelf::Reading reading,
                                 std::function<void()> on_over) {
  AnswerStream::Options options{.shelf = std::move(shelf),
                                .reading = reading,
                                .feed = {.keep_alive = house->options.keep_alive, .on_over = {}}};
  options.feed.on_over = [&reactor = house->reactor, session = std::move(session),
                          on_over = std::move(on_over)] {
    if (session) session->touch(reactor.now());
    if (on_over) on_over();
  };
  return start_stream(std::move(options), house->reactor);
}

void tell_tools_changed(McpHouse& house, Session& session) {
  const std::uint64_t now = house.catalogue.generation();
  if (session.tools_seen() == now) return;
  if (session.announce(encode_rpc_notification("notifications/tools/list_changed", {})))
    session.saw_tools(now);
}

void handle_mcp_get(const McpHousePtr& house, Exchange& exchange) {
  if (house->closed) return respond_closed(exchange);
  const McpHeaders headers = read_mcp_headers(*house, exchange);
  if (!check_session_verb(headers, exchange)) return;
  if (!accepts_of(exchange.head()).sse) {
    return respond_error(exchange, 406, kRpcNoSession,
                         "Not Acceptable: a GET needs Accept: text/event-stream");
  }
  const SessionPtr& session = headers.session;
  StreamShelf& shelf = *session->streams();
  const std::string_view last_id = exchange.head().field("last-event-id");
  StreamShelf::Reading reading;
  if (last_id.empty()) {
    const auto opened = shelf.open_standalone();
    if (!opened) {
      return respond_error(exchange, 409, kRpcNoSession,
                           "Conflict: this session has a stream already");
    }
    reading = *opened;
  } else {
    const Result<StreamShelf::Reading> resumed =
        exchange.head().count("last-event-id") > 1
            ? Status(Code::invalid_argument, "Last-Event-ID came twice")
            : shelf.resume(last_id);
    if (!resumed.ok()) {
      const bool taken = resumed.status().code() == Code::unavailable;
      return respond_error(exchange, taken ? 409 : 400, kRpcNoSession, resumed.status().message());
    }
    reading = *resumed;
  }
  exchange.stream(start_session_stream(house, session, session->streams(), reading));
  tell_tools_changed(*house, *session);
}

void handle_mcp_delete(const McpHousePtr& house, Exchange& exchange) {
  if (house->closed) return respond_closed(exchange);
  const McpHeaders headers = read_mcp_headers(*house, exchange);
  if (!check_session_verb(headers, exchange)) return;
  const SessionPtr ended =
      house->sessions.take(headers.session->identity().principal, headers.session->identity().id);
  house->sessions_open.set(house->sessions.size());
  if (!ended) {  // another DELETE was faster
    return respond_error(exchange, 404, kRpcUnknownSession, "Session not found");
  }
  ended->end("the session was deleted");
  exchange.respond(empty_answer(204));
}

}  // namespace devs
