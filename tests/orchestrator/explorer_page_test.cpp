// The page as a browser gets it.  Built with DEVS_EXPLORER off there is none, and what is
// left to test is what everybody else gets.

#include "orchestrator/explorer_page.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/orchestrator/live_server.h"

namespace devs {
namespace {

constexpr const char* kBrowser = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
constexpr const char* kGzip = "Accept-Encoding: gzip, deflate, br\r\n";

WireAnswer ask(LiveServer& house, const std::string& request, const std::string& fields) {
  HttpWire wire(house.server->port());
  wire.send(request + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(house.server->port()) +
            "\r\n" + fields + "\r\n");
  return request.starts_with("HEAD") ? wire.read_head() : wire.read_answer();
}

void write(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file) << text;
}

TEST_CASE("explorer page: who does not name text/html gets a text, without a credential") {
  OrchestratorServer::Options options;
  options.access = {.enabled = true, .bearer_token = "a-token-of-some-length"};
  LiveServer house(std::move(options));
  for (const char* fields : {"Accept: */*\r\n", "", "Accept: text/html;q=0, */*\r\n"}) {
    const WireAnswer answer = ask(house, "GET /", fields);
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "text/plain; charset=utf-8");
    CHECK(answer.header("vary") == "Accept, Accept-Encoding");
    CHECK(answer.body.find("/trace/stream") != std::string::npos);
  }
  CHECK(ask(house, "GET /index.html", kBrowser).status == 404);
  CHECK(ask(house, "POST /", "Content-Length: 0\r\n").status == 405);
}

TEST_CASE("explorer page: one that is built in has its policy, its tag and two encodings" *
          doctest::skip(embedded_page() == nullptr)) {
  OrchestratorServer::Options options;
  options.access = {.enabled = true, .bearer_token = "a-token-of-some-length"};
  LiveServer house(std::move(options));
  const EmbeddedPage& page = *embedded_page();
  const struct {
    const char* path;
    const EmbeddedFile& file;
    const char* type;
  } files[] = {{"/", page.html, "text/html; charset=utf-8"},
               {"/explorer/rooms.js", page.rooms, "text/javascript; charset=utf-8"}};
  for (const auto& [path, file, type] : files) {
    CAPTURE(path);
    const WireAnswer zipped = ask(house, "GET " + std::string(path), std::string(kBrowser) + kGzip);
    CHECK(zipped.status == 200);
    CHECK(zipped.body == file.gzip);
    CHECK(zipped.header("content-encoding") == "gzip");
    CHECK(zipped.header("content-type") == type);
    CHECK(zipped.header("content-security-policy").starts_with("default-src 'none'; script-src"));
    CHECK(zipped.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    CHECK(zipped.header("x-content-type-options") == "nosniff");
    CHECK(zipped.header("referrer-policy") == "no-referrer");
    CHECK(zipped.header("cross-origin-opener-policy") == "same-origin");
    CHECK(zipped.header("cross-origin-resource-policy") == "same-origin");
    CHECK(zipped.header("cache-control") == "no-cache");
    CHECK(zipped.header("vary") == "Accept, Accept-Encoding");
    const std::string tag = zipped.header("etag");
    CHECK(tag == '"' + std::string(file.tag) + "-gz\"");
    CHECK(file.tag.size() == 16);

    const WireAnswer plain = ask(house, "GET " + std::string(path), kBrowser);
    CHECK(plain.body == file.plain);
    CHECK(plain.header("content-encoding").empty());
    CHECK(plain.header("etag") == '"' + std::string(file.tag) + '"');

    const WireAnswer head = ask(house, "HEAD " + std::string(path), std::string(kBrowser) + kGzip);
    CHECK(head.status == 200);
    CHECK(head.header("etag") == tag);
    CHECK(head.header("content-length") == std::to_string(file.gzip.size()));

    const std::string has = "If-None-Match: " + tag + "\r\n";
    const WireAnswer same =
        ask(house, "GET " + std::string(path), kBrowser + std::string(kGzip) + has);
    CHECK(same.status == 304);
    CHECK(same.body.empty());
    CHECK(same.header("etag") == tag);
    CHECK(ask(house, "GET " + std::string(path), kBrowser + has).status == 200);  // the other one
  }
}

TEST_CASE("explorer page: in development it is what lies in the folder now, and nobody keeps it") {
  TempDir folder;
  OrchestratorServer::Options options;
  options.explorer_dir = folder.path();
  LiveServer house(std::move(options));
  CHECK(ask(house, "GET /", kBrowser).status == 404);  // nothing there yet
  write(folder / "explorer.html", "<title>one</title>");
  write(folder / "rooms.js", "rooms");
  write(folder / "explorer.csp", "default-src 'none'");
  const WireAnswer first = ask(house, "GET /", std::string(kBrowser) + kGzip);
  CHECK(first.body == "<title>one</title>");
  CHECK(first.header("content-security-policy") == "default-src 'none'");
  CHECK(first.header("cache-control") == "no-store");
  CHECK(first.header("etag").empty());
  write(folder / "explorer.html", "<title>two</title>");
  CHECK(ask(house, "GET /", kBrowser).body == "<title>two</title>");
  CHECK(ask(house, "GET /explorer/rooms.js", "").body == "rooms");
  CHECK(ask(house, "GET /", "").header("content-type") == "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace devs
