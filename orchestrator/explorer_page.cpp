#include "orchestrator/explorer_page.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "orchestrator/net/exchange.h"
#include "orchestrator/net/negotiation.h"

namespace devs {
namespace {

constexpr std::string_view kFrontPage =
    "mcp-orchestrator\n\n"
    "  GET  /                      a page that shows what agents do, for a browser\n"
    "  POST /mcp                   MCP, Streamable HTTP\n"
    "  GET  /trace/stream          every envelope, live (SSE)\n"
    "  GET  /agent-console/stream  the same, annotated for people (SSE)\n"
    "  POST /trace/publish         envelopes of other processes\n"
    "  GET  /trace/replay          a stretch of the past, at its own pace (SSE)\n"
    "  GET  /trace/log             the flight log (NDJSON)\n"
    "  GET  /trace/envelopes       search it: ?q= type tool agent session status\n"
    "  GET  /trace/sessions /trace/stats /trace/tasks/{id}/tree\n"
    "  GET  /trace/readers         who follows, and how far behind\n"
    "  GET  /upstreams             the MCP servers behind this one\n"
    "  GET  /readyz /healthz /metrics\n\n"
    "Try: curl -N http://<this address>/trace/stream\n";

HttpAnswer text_answer(int status, std::string text) {
  HttpAnswer answer{.status = status, .type = ContentType::text, .body = std::move(text)};
  answer.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  return answer;
}

void add_policy(HttpAnswer& answer, std::string_view policy) {
  answer.headers.emplace_back("Content-Security-Policy", policy);
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
}

HttpAnswer file_answer(const RequestHead& head, const EmbeddedFile& file, ContentType type,
                       std::string_view policy) {
  const bool zipped = asked_for(head, "accept-encoding", "gzip") != Asked::not_at_all;
  const std::string tag = '"' + std::string(file.tag) + (zipped ? "-gz\"" : "\"");
  HttpAnswer answer{.status = has_copy(head, tag) ? 304 : 200, .type = type};
  add_policy(answer, policy);
  answer.headers.emplace_back("Cache-Control", "no-cache");
  answer.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  answer.headers.emplace_back("ETag", tag);
  if (answer.status == 304) return answer;
  if (zipped) answer.headers.emplace_back("Content-Encoding", "gzip");
  answer.body = zipped ? file.gzip : file.plain;
  return answer;
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// In development: what lies there now.
HttpAnswer fresh_answer(const std::filesystem::path& folder, const char* name, ContentType type) {
  std::optional<std::string> text = read_file(folder / name);
  std::optional<std::string> policy = read_file(folder / "explorer.csp");
  if (!text || !policy)
    return text_answer(404, "The folder of --explorer-dir has no page: node build.mjs <folder>\n");
  HttpAnswer answer{.status = 200, .type = type, .body = std::move(*text)};
  add_policy(answer, *policy);
  return answer;
}

bool wants_page(const RequestHead& head) {
  return asked_for(head, "accept", "text/html") == Asked::by_name;
}

Route row(std::string path, Handler handler) {
  Route route;
  route.pattern = std::move(path);
  route.handler = std::move(handler);
  route.credential = Credential::none;
  return route;
}

// One file, from the folder or from the program.
Handler handler_of(const std::filesystem::path& folder, const char* name, ContentType type,
                   const EmbeddedFile& file, std::string_view policy) {
  if (folder.empty())
    return [&file, type, policy](Exchange& exchange) {
      exchange.respond(file_answer(exchange.head(), file, type, policy));
    };
  return [folder, name, type](Exchange& exchange) {
    exchange.respond(fresh_answer(folder, name, type));
  };
}

}  // namespace

Status add_explorer_routes(RouteTable& routes, const std::filesystem::path& folder) {
  static constexpr EmbeddedPage kNone;
  const EmbeddedPage* const built = embedded_page();
  const bool has_page = built != nullptr || !folder.empty();
  const EmbeddedPage& page = built != nullptr ? *built : kNone;
  Handler show = handler_of(folder, "explorer.html", ContentType::html, page.html, page.policy);
  Status added = routes.add(row("/", [has_page, show = std::move(show)](Exchange& exchange) {
    if (has_page && wants_page(exchange.head())) return show(exchange);
    exchange.respond(text_answer(200, std::string(kFrontPage)));
  }));
  if (!added.ok() || !has_page) return added;
  return routes.add(
      row("/explorer/rooms.js",
          handler_of(folder, "rooms.js", ContentType::javascript, page.rooms, page.policy)));
}

}  // namespace devs
