#include "orchestrator/mcp/host_requests.h"

#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace devs {
namespace {

using Answers = CallRequest::Answers;

struct Asking {
  std::vector<std::string> sent;
  std::optional<Result<Answers>> told;
  bool reachable = true;

  void ask(HostRequests& requests, std::vector<ClientQuestion> questions) {
    requests.ask(
        this, std::move(questions),
        [this](std::string_view message) {
          sent.emplace_back(message);
          return reachable;
        },
        [this](Result<Answers> answers) { told = std::move(answers); });
  }
};

bool answer(HostRequests& requests, const std::string& text) {
  const auto decoded = decode_rpc(text);
  return requests.answer(std::get<RpcMessage>(decoded));
}

TEST_CASE("HostRequests: a round is told when its last answer is in, whatever the order") {
  HostRequests requests;
  Asking asking;
  asking.ask(requests, {{"a", "roots/list", "{}"}, {"b", "elicitation/create", "{}"}});
  REQUIRE(asking.sent.size() == 2);
  CHECK(asking.sent[0] == R"({"jsonrpc":"2.0","id":"a","method":"roots/list","params":{}})");
  CHECK(answer(requests, R"({"jsonrpc":"2.0","id":"b","result":{"action":"decline"}})"));
  CHECK_FALSE(asking.told);
  CHECK(answer(requests, R"({"jsonrpc":"2.0","id":"a","result":{"roots":[]}})"));
  REQUIRE(asking.told);
  REQUIRE(asking.told->ok());
  CHECK((*asking.told)->at("a") == R"({"roots":[]})");
  CHECK((*asking.told)->at("b") == R"({"action":"decline"})");
  CHECK_FALSE(answer(requests, R"({"jsonrpc":"2.0","id":"a","result":{}})"));  // nobody asks now
  CHECK(requests.waiting() == 0);
}

TEST_CASE("HostRequests: what a request asked ends with it, and the client is told to stop") {
  HostRequests requests;
  Asking ended, other;
  ended.ask(requests, {{"a", "roots/list", "{}"}, {"b", "roots/list", "{}"}});
  other.ask(requests, {{"c", "roots/list", "{}"}});
  CHECK(answer(requests, R"({"jsonrpc":"2.0","id":"a","result":{"roots":[]}})"));
  std::vector<std::string> told;
  const auto tell = [&told](std::string_view message) {
    told.emplace_back(message);
    return true;
  };
  requests.withdraw(&ended, tell);
  REQUIRE(told.size() == 1);
  CHECK(told[0] ==
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"b",)"
        R"("reason":"the call has ended"}})");
  REQUIRE(ended.told);
  CHECK_FALSE(ended.told->ok());
  CHECK(requests.waiting() == 1);
  CHECK_FALSE(other.told);
  requests.withdraw(&ended, tell);  // nothing is left of it
  CHECK(told.size() == 1);
  CHECK_FALSE(answer(requests, R"({"jsonrpc":"2.0","id":"b","result":{"roots":[]}})"));  // too late
}

TEST_CASE("HostRequests: no id is used twice, though a key is") {
  HostRequests requests;
  std::set<std::string> ids;
  for (int i = 0; i < 600; ++i) {
    Asking asking;
    asking.ask(requests, {{i % 2 == 0 ? "k" : "k" + std::to_string(i), "roots/list", "{}"}});
    const std::string id(JsonView(asking.sent[0])["id"].text());
    CHECK(ids.insert(id).second);
    CHECK(answer(requests, "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{}}"));
    CHECK(asking.told);
  }
}

TEST_CASE("HostRequests: a page to visit has an id of its own, unless the tool gave it one") {
  HostRequests requests;
  const std::string page = R"("mode":"url","message":"m","url":"https://example.com/")";
  std::set<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    Asking asking;
    asking.ask(requests, {{"k", "elicitation/create", "{" + page + "}"}});
    const JsonView params = JsonView(asking.sent.at(0))["params"];
    CHECK(params["url"].is("https://example.com/"));
    CHECK(ids.insert(params["elicitationId"].string().value_or("")).second);
  }
  Asking own, form;
  own.ask(requests, {{"o", "elicitation/create", "{" + page + R"(,"elicitationId":"mine"})"}});
  CHECK(JsonView(own.sent.at(0))["params"]["elicitationId"].is("mine"));
  form.ask(requests, {{"f", "elicitation/create", R"({"message":"m"})"}});
  CHECK(JsonView(form.sent.at(0))["params"].text() == R"({"message":"m"})");
}

TEST_CASE("HostRequests: a client that owes a thousand answers is asked no more") {
  HostRequests requests;
  std::vector<Asking> asking(HostRequests::kMaxWaiting + 1);
  for (std::size_t i = 0; i < asking.size(); ++i)
    asking[i].ask(requests, {{"k" + std::to_string(i), "roots/list", "{}"}});
  CHECK(requests.waiting() == HostRequests::kMaxWaiting);
  REQUIRE(asking.back().told);
  CHECK(asking.back().told->status().code() == Code::resource_exhausted);
  CHECK(asking.back().sent.empty());
  CHECK(answer(requests, "{\"jsonrpc\":\"2.0\",\"id\":" +
                             std::string(JsonView(asking[0].sent[0])["id"].text()) +
                             ",\"result\":{}}"));
  Asking next;
  next.ask(requests, {{"next", "roots/list", "{}"}});
  CHECK(next.sent.size() == 1);
}

TEST_CASE("HostRequests: nobody to reach, a session that ends, and one that has") {
  HostRequests requests;
  Asking unreachable;
  unreachable.reachable = false;
  unreachable.ask(requests, {{"a", "roots/list", "{}"}, {"b", "roots/list", "{}"}});
  REQUIRE(unreachable.told);
  CHECK_FALSE(unreachable.told->ok());
  CHECK(unreachable.sent.size() == 1);
  CHECK(requests.waiting() == 0);
  Asking open, late;
  open.ask(requests, {{"c", "roots/list", "{}"}});
  requests.close(Status(Code::cancelled, "the session was deleted"));
  REQUIRE(open.told);
  CHECK(open.told->status().message() == "the session was deleted");
  late.ask(requests, {{"d", "roots/list", "{}"}});
  REQUIRE(late.told);
  CHECK_FALSE(late.told->ok());
  CHECK(late.sent.empty());
}

}  // namespace
}  // namespace devs
