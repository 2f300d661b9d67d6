#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/mcp/listens.h"
#include "orchestrator/mcp/stream_shelf.h"

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {
namespace {

struct Listening {
  Listening(McpFixture& fixture, std::string_view notifications, std::string_view id = "7")
      : wire(fixture.port()) {
    ModernClient(fixture.port())
        .begin(wire,
               rpc(id, "subscriptions/listen",
                   modern_params("\"notifications\":" + std::string(notifications) + ",")),
               ModernClient::headers_for("subscriptions/listen"));
    REQUIRE(wire.read_head().status == 200);
    stream.emplace(wire);
  }
  std::string next() {
    const auto event = stream->next();
    return event ? event->data : std::string();
  }
  HttpWire wire;
  std::optional<SseWire> stream;
};

void add_prompt(McpFixture& fixture, const std::string& name) {
  REQUIRE(
      fixture.endpoint->prompts().add({name, prompt_json(name, "", {}), fixture.held, {}}).ok());
}

TEST_CASE(
    "[M15] listen: acknowledged first, with the id as it was written, and only what was asked") {
  McpFixture fixture;
  Listening prompts(fixture, R"({"promptsListChanged":true})", "\"sub-1\"");
  CHECK(
      prompts.next() ==
      R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":)"
      R"({"promptsListChanged":true},"_meta":{"io.modelcontextprotocol/subscriptionId":"sub-1"}}})");
  Listening tools(fixture, R"({"toolsListChanged":true,"resourceSubscriptions":["test://a"]})");
  CHECK(tools.next().find(R"("resourceSubscriptions":["test://a"])") != std::string::npos);
  add_prompt(fixture, "p");
  const JsonView changed(prompts.next());
  fixture.endpoint->resource_updated("test://b");
  fixture.endpoint->resource_updated("test://a");
  const std::string updated = tools.next();
  CHECK(JsonView(updated)["params"]["uri"].is("test://a"));
  CHECK(JsonView(updated)["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].text() ==
        "7");
}

// A client to which something happens while it is told the first thing.
struct Interrupted final : CallListener {
  std::function<void()> meanwhile;
  std::vector<std::string> said;
  void progress(std::string_view) override {}
  bool say(std::string_view message, Say) override {
    if (const auto once = std::exchange(meanwhile, nullptr)) once();
    said.emplace_back(message);
    return true;
  }
  void end(RpcEnd end) override { said.push_back(end.message); }
};

TEST_CASE("[M15] listen: a change that sessions hear of later is told to listeners once") {
  McpFixture fixture;
  Listening listening(fixture, R"({"toolsListChanged":true,"resourceSubscriptions":["test://a"]})");
  CHECK(listening.next().find("subscriptions/acknowledged") != std::string::npos);
  for (const char* const tool : {"one", "two"}) {  // while the clock stands still
    REQUIRE(fixture.house.tools.add(std::make_shared<HeldTool>(tool)).ok());
    CHECK(listening.next().find("tools/list_changed") != std::string::npos);
  }
  fixture.advance(std::chrono::seconds(1));
  fixture.endpoint->resource_updated("test://a");
  CHECK(listening.next().find("resources/updated") != std::string::npos);
}

TEST_CASE("[M15] listen: a change that comes with the acknowledgement is told after it") {
  Listens listens("9.9.9");
  const auto client = std::make_shared<Interrupted>();
  client->meanwhile = [&listens] {
    listens.changed(Listens::Change::tools);
    listens.changed(Listens::Change::tools);
    listens.updated("test://a");
  };
  ListenFilter filter;
  filter.tools = true;
  filter.uris = {"test://a"};
  REQUIRE(listens.add("local", "7", filter, client, listens.next_number()).ok());
  REQUIRE(client->said.size() == 3);
  CHECK(client->said[0].find("subscriptions/acknowledged") != std::string::npos);
  CHECK(client->said[1].find("tools/list_changed") != std::string::npos);
  CHECK(client->said[2].find("resources/updated") != std::string::npos);
  listens.changed(Listens::Change::tools);
  CHECK(client->said.size() == 4);
}

// A client with no room for more.
struct Behind final : CallListener {
  explicit Behind(std::function<void()> at_end = {}) : dies(std::move(at_end)) {}
  ~Behind() override {
    if (dies) dies();
  }
  bool full = false;
  std::vector<std::string> said;
  std::vector<std::string> ended;
  std::function<void()> dies;
  void progress(std::string_view) override {}
  bool say(std::string_view message, Say how) override {
    if (full && how == Say::droppable) return false;
    said.emplace_back(message);
    return true;
  }
  void end(RpcEnd end) override { ended.push_back(std::move(end.message)); }
};

TEST_CASE("[M54] listen: a task is told whole, and who has no room for it is behind and ends") {
  Listens listens("9.9.9");
  const auto client = std::make_shared<Behind>();
  ListenFilter filter;
  filter.tools = true;
  filter.tasks = {{"key", "id"}};
  REQUIRE(listens.add("local", "7", filter, client, listens.next_number()).ok());
  CHECK(listens.wants_task("key"));
  CHECK_FALSE(listens.wants_task("other"));
  listens.task_changed("key", R"({"result":1})");
  CHECK(client->said.back().find(R"("result":1,)") != std::string::npos);
  client->full = true;
  listens.changed(Listens::Change::tools);  // small, and once: it always finds room
  CHECK(client->said.size() == 3);
  CHECK(client->ended.empty());
  listens.task_changed("key", R"({"result":2})");
  REQUIRE(client->ended.size() == 1);
  CHECK(JsonView(client->ended.front())["id"].text() == "7");
  CHECK(JsonView(client->ended.front())["result"]["resultType"].is("complete"));
  CHECK_FALSE(listens.wants_task("key"));
  listens.task_changed("key", R"({"result":3})");
  listens.close();
  CHECK(client->said.size() == 3);
  CHECK(client->ended.size() == 1);
}

TEST_CASE("[M54] listen: of results that come early the first without room ends it") {
  Listens listens("9.9.9");
  struct Early final : CallListener {
    std::function<void()> meanwhile;
    std::vector<std::string> said;
    int ended = 0;
    void progress(std::string_view) override {}
    bool say(std::string_view message, Say how) override {
      if (how == Say::droppable) return false;
      said.emplace_back(message);
      if (meanwhile) std::exchange(meanwhile, {})();
      return true;
    }
    void end(RpcEnd) override { ++ended; }
  };
  const auto client = std::make_shared<Early>();
  client->meanwhile = [&listens] {
    listens.task_changed("key", R"({"result":1})");
    listens.task_changed("key", R"({"result":2})");
  };
  ListenFilter filter;
  filter.tasks = {{"key", "id"}};
  REQUIRE(listens.add("local", "7", filter, client, listens.next_number()).ok());
  CHECK(client->said.size() == 1);
  CHECK(client->ended == 1);
  CHECK(listens.size() == 0);
}

TEST_CASE("[M54] listen: results that wait for a slow reader are bounded") {
  McpFixture fixture;
  const auto shelf = std::make_shared<StreamShelf>(StreamShelf::Options{.resumable = false},
                                                   fixture.house.reactor);
  const StreamShelf::Reading reading = shelf->open({});
  struct OnShelf final : CallListener {
    StreamShelf* shelf = nullptr;
    std::uint64_t stream = 0;
    void progress(std::string_view) override {}
    bool say(std::string_view message, Say how) override {
      return shelf->send(stream, message,
                         {.droppable = how == Say::droppable, .once = how == Say::once});
    }
    void end(RpcEnd end) override { shelf->finish(stream, end.message); }
  };
  const auto client = std::make_shared<OnShelf>();
  client->shelf = shelf.get();
  client->stream = reading.stream;
  Listens listens("9.9.9");
  ListenFilter filter;
  for (int i = 0; i < 100; ++i) filter.tasks.emplace(std::to_string(i), "id");
  REQUIRE(listens.add("local", "7", filter, client, listens.next_number()).ok());
  const auto told = [&](std::size_t bytes) {
    listens.task_changed("1", R"({"result":")" + std::string(bytes, 'x') + "\"}");
  };
  CHECK(shelf->take(reading, std::size_t{64} << 20u).text.size() < 1'000);
  told(4u << 20u);  // who reads is told a result of any size
  CHECK(shelf->take(reading, std::size_t{64} << 20u).text.size() > 4u << 20u);
  for (int i = 0; i < 100; ++i) told(100'000);
  const StreamShelf::Taken taken = shelf->take(reading, std::size_t{64} << 20u);
  CHECK(taken.text.size() < 400'000);
  CHECK(taken.text.find(R"("resultType":"complete")") != std::string::npos);
  CHECK(listens.size() == 0);
}

TEST_CASE("listen: one that is removed dies where others may listen") {
  Listens listens("9.9.9");
  std::future<std::size_t> other;
  bool free = false;
  auto client = std::make_shared<Behind>([&] {
    other = std::async(std::launch::async, [&listens] { return listens.size(); });
    free = other.wait_until(soon()) == std::future_status::ready;
  });
  const std::uint64_t number = listens.next_number();
  REQUIRE(listens.add("local", "7", {}, std::move(client), number).ok());
  CHECK(listens.remove(number));
  CHECK(free);
}

TEST_CASE("[M15] listen: ends with its response when the house closes") {
  McpFixture fixture;
  Listening listening(fixture, R"({"toolsListChanged":true})");
  listening.next();
  fixture.endpoint->close();
  const std::string last = listening.next();
  CHECK(JsonView(last)["id"].text() == "7");
  CHECK(JsonView(last)["result"]["resultType"].is("complete"));
  CHECK(JsonView(last)["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"].text() == "7");
  CHECK_FALSE(listening.stream->next());
}

TEST_CASE("[M15] listen: at most sixteen of one principal, and a place is free when one leaves") {
  McpFixture fixture;
  std::vector<std::unique_ptr<Listening>> open;
  for (int i = 0; i < 16; ++i)
    open.push_back(std::make_unique<Listening>(fixture, R"({"toolsListChanged":true})"));
  for (auto& each : open) each->next();
  const ModernClient client(fixture.port());
  const std::string params = modern_params(R"("notifications":{},)");
  CHECK(client.ask("subscriptions/listen", params).status == 429);
  open.pop_back();
  CHECK(fixture.eventually([&] {
    HttpWire wire(fixture.port());
    client.begin(wire, rpc("1", "subscriptions/listen", params),
                 ModernClient::headers_for("subscriptions/listen"));
    return wire.read_head().status == 200;
  }));
}

TEST_CASE("[M15] listen: a filter that is none, and a client that takes no stream") {
  McpFixture fixture;
  ModernClient client(fixture.port());
  for (const char* bad :
       {"", R"("notifications":[],)", R"("notifications":{"resourceSubscriptions":"x"},)",
        R"("notifications":{"resourceSubscriptions":[7]},)"}) {
    CAPTURE(bad);
    CHECK(error_code_of(client.ask("subscriptions/listen", modern_params(bad))) == -32602);
  }
  client.accept = "application/json";
  CHECK(client.ask("subscriptions/listen", modern_params(R"("notifications":{},)")).status == 406);
}

TEST_CASE("[M15] listen: a change that still waits unsent is enough") {
  McpFixture fixture;
  StreamShelf shelf({.resumable = false}, fixture.house.reactor);
  const StreamShelf::Reading reading = shelf.open({});
  for (int i = 0; i < 100; ++i)
    CHECK(shelf.send(reading.stream, R"({"changed":1})", {.once = true}));
  CHECK(shelf.send(reading.stream, R"({"changed":2})", {.once = true}));
  const StreamShelf::Taken taken = shelf.take(reading, 65'536);
  CHECK(taken.text == "data: {\"changed\":1}\n\ndata: {\"changed\":2}\n\n");
}

}  // namespace
}  // namespace devs
