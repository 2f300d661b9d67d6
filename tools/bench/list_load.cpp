// tools/list, page after page, the whole list again and again: how long a page takes, and
// that all pages together are the list, each tool once.  Prints one line of JSON.
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include "protocol/json.h"
#include "tools/bench/flags.h"
#include "tools/bench/latency.h"
#include "tools/bench/plain_client.h"

namespace devs {
namespace {

// How long the server may need until it has the whole list of what is behind it.
constexpr Nanos kListedWithin = 20'000'000'000;

struct Listed {
  std::set<std::string> names;
  std::size_t tools = 0, pages = 0, bytes = 0;
};

// Nullopt: a page was not answered.
std::optional<Listed> list_all(PlainClient& client, const std::string& session, Latency& latency) {
  Listed listed;
  std::string cursor;
  do {
    std::string body = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{)";
    if (!cursor.empty()) body += "\"cursor\":" + json_string(cursor);
    const Nanos asked = now();
    const HttpAnswers::Answer answer = client.post(session, body + "}}");
    latency.add(now() - asked);
    const JsonView result = JsonView(answer.body)["result"];
    if (answer.status != 200 || !result["tools"].is_array()) {
      std::fprintf(stderr, "list_load: %d %.200s\n", answer.status, answer.body.c_str());
      return std::nullopt;
    }
    result["tools"].each_element([&listed](JsonView tool) {
      ++listed.tools;
      listed.names.insert(tool["name"].string().value_or(""));
    });
    cursor = result["nextCursor"].string().value_or("");
    ++listed.pages;
    listed.bytes += answer.body.size();
  } while (!cursor.empty());
  return listed;
}

int measure(const Endpoint& endpoint, std::size_t tools, int rounds) {
  PlainClient client(endpoint);
  const std::string session = client.initialise();
  const Nanos begin = now();
  std::optional<Listed> listed;
  do {
    Latency ignored;
    listed = list_all(client, session, ignored);
  } while (listed && listed->tools < tools && now() - begin < kListedWithin);
  const double listed_after = static_cast<double>(now() - begin) / 1e9;

  Latency latency;
  bool ok = listed && listed->tools >= tools;
  for (int i = 0; i < rounds && ok; ++i) {
    listed = list_all(client, session, latency);
    ok = listed && listed->tools >= tools && listed->names.size() == listed->tools;
  }
  if (!listed) return 2;
  std::printf(R"({"tools":%zu,"pages":%zu,"kb_per_page":%.1f,"listed_after_s":%.2f,%s,"ok":%s})"
              "\n",
              listed->tools, listed->pages,
              static_cast<double>(listed->bytes) / 1024 / static_cast<double>(listed->pages),
              listed_after, latency.members().c_str(), ok ? "true" : "false");
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"url", "tools", "rounds"});
  const auto tools = static_cast<std::size_t>(flags.whole("tools", 10'000, 1));
  const int rounds = flags.whole("rounds", 20, 1);
  const auto endpoint = read_url(flags.text("url"));
  if (!flags.status().ok() || !endpoint.ok()) {
    std::fprintf(stderr, "usage: list_load --url URL [--tools N] [--rounds N]\n");
    return 2;
  }
  return measure(*endpoint, tools, rounds);
}
