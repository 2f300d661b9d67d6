#include "orchestrator/traces/span_ingest.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/traces/traces_house.h"

namespace devs {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE(
    "[S2.6] span ingest: a span is an entry of the log, answered by its row's id once stored") {
  TracesHouse house;
  const RawAnswer answer = house.send(sent_columns(
      "tr-1", "sp-1", R"(, "conversation_id":"t-1","session_tag":"s-1","input_data":[1, 2])"));
  CHECK(answer.status == 201);
  CHECK(answer.body == R"({"id":"tr-1:sp-1"})");
  REQUIRE(house.told().size() == 1);
  const std::string body = house.told().front();
  const std::string stamp = JsonView(body)["timestamp_ns"].string().value_or("");
  CHECK(body ==
        R"({"type":"span","schema_version":"1.0.0","timestamp_ns":")" + stamp +
            R"(","session_id":"s-1","task_id":"t-1","trace_id":"tr-1","span_id":"sp-1",)"
            R"("payload":{"update":false,"span":{)" +
            sent_columns("tr-1", "sp-1",
                         R"(,"conversation_id":"t-1","session_tag":"s-1","input_data":[1,2])") +
            "}}}");
  CHECK(stamp > "1700000000000000000");
  CHECK(house.metrics.counter("spans_sent_total").value() == 1);
}

TEST_CASE("[S2.6] span ingest: the list has what was just answered, also when sent again") {
  TracesHouse house;
  CHECK(house.send(sent_columns("tr-1", "sp-1")).status == 201);
  CHECK(house.list().all("traces", "status") == Texts{"running"});
  CHECK(house.send(sent_columns("tr-1", "sp-1", R"(,"duration_ms":5)")).status == 201);
  CHECK(house.list().all("traces", "status") == Texts{"completed"});
  CHECK(house.spans("?trace_id=tr-1").all("traces", "duration_ms") == Texts{"5"});
  CHECK(house.send(sent_columns("tr-2", "sp-1")).status == 201);  // of another trace: another row
  CHECK(house.list().number("total") == 2);
  Texts updates;
  for (const std::string& body : house.told())
    updates.emplace_back(JsonView(body)["payload"]["update"].text());
  CHECK(updates == Texts{"false", "true", "false"});
}

TEST_CASE("[S2.6] span ingest: a row that only the index knows is updated as well") {
  TracesHouse house;
  // As before this process: the ingest has no memory of it.
  Draft draft = draft_of_published(sent(sent_columns("tr-1", "sp-1")));
  draft.topics = "owner:ann";
  REQUIRE(house.bus.publish(std::move(draft)).ok());
  REQUIRE(house.recorder.flush(soon()).ok());
  CHECK(house.list("", "ann").number("total") == 1);
  CHECK(house.send(sent_columns("tr-1", "sp-1"), "ann").status == 201);
  CHECK(house.send(sent_columns("tr-1", "sp-1"), "bob").status == 201);  // his own
  const auto told = house.told();
  REQUIRE(told.size() == 3);
  CHECK(told[1].find(R"("update":true)") != std::string::npos);
  CHECK(told[2].find(R"("update":false)") != std::string::npos);
}

TEST_CASE("[S2.6] span ingest: what is refused names the column, and nothing is published") {
  TracesHouse house;
  const std::vector<std::pair<std::string, std::string>> refused{
      {"", "trace_id"},
      {R"("trace_id":"t")", "span_id"},
      {sent_columns("t", "s", R"(,"cost_usd":"1")"), "cost_usd"},
      {sent_columns("t", "s", R"(,"user_id":"bob")"), "user_id"},
      {sent_columns("t", "s", R"(,"\"x\"":1)"), R"(\"x\")"},
      {sent_columns("t", "s", R"(,"a":1,"a":2)"), "body"},
      {sent_columns("t", "s", R"(,"a":)"), "body"}};
  for (const auto& [columns, field] : refused) {
    CAPTURE(columns);
    const RawAnswer answer = house.send(columns);
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with(R"({"error":"BAD_REQUEST","field":")" + field + "\""));
  }
  std::string plain = post_text("/api/analytics/traces", house.live.port(), "{}");
  plain.replace(plain.find("application/json"), 16, "text/plain");
  CHECK(house.live.client().ask(plain).status == 415);
  const std::string large =
      sent_columns("t", "s", R"(,"input_data":")" + std::string(1'000'000, 'x') + "\"");
  CHECK(house.send(large).status == 413);
  CHECK(house.bus.last() == 0);
  CHECK(house.metrics.counter("spans_refused_total", "reason=\"bad_request\"").value() == 7);
}

TEST_CASE("[S2.6] span ingest: a hundred a second for each principal, then 429 with Retry-After") {
  TracesHouse house;
  const auto send = [&house](int n, std::string_view guest) {
    return house.send(sent_columns("tr", "sp-" + std::to_string(n)), guest);
  };
  for (int n = 0; n < 100; ++n) REQUIRE(send(n, "ann").status == 201);
  const RawAnswer refused = send(100, "ann");
  CHECK(refused.status == 429);
  CHECK(refused.body == R"({"error":"RATE_LIMITED","limit":100,"window_ms":1000})");
  CHECK(refused.header("retry-after") == "1");
  CHECK(send(0, "bob").status == 201);
  house.live.clock().advance(std::chrono::seconds(1));
  CHECK(send(100, "ann").status == 201);
  CHECK(house.list("", "ann").all("traces", "span_count") == Texts{"101"});
  CHECK(house.metrics.counter("spans_refused_total", "reason=\"rate\"").value() == 1);
}

TEST_CASE("[S2.6] span ingest: while the recorder cannot store, 503 and nothing is told") {
  TracesHouse house;
  CHECK(house.send(sent_columns("tr", "sp-0")).status == 201);
  house.disk.refuse_appends({});
  const RawAnswer refused = house.send(sent_columns("tr", "sp-1"));
  CHECK(refused.status == 503);
  CHECK(refused.body == R"({"error":"RECORDER_UNAVAILABLE"})");
  CHECK(refused.header("retry-after") == "1");
}

TEST_CASE(
    "[S2.3] list and detail over HTTP: each principal's own, operators too; all in an open house") {
  TracesHouse house;
  CHECK(house.send(sent_columns("tr-a", "sp"), "ann").status == 201);
  CHECK(house.send(sent_columns("tr-b", "sp"), "bob").status == 201);
  CHECK(house.send(sent_columns("tr-o", "sp")).status == 201);
  CHECK(house.list("", "ann").all("traces", "id") == Texts{"tr-a"});
  CHECK(house.list("?search=tr-b", "ann").number("total") == 0);
  CHECK(house.list("", "boss").number("total") == 0);
  CHECK(house.list().number("total") == 3);
  CHECK(house.spans("?trace_id=tr-b", "ann").text() ==
        R"({"traces":[],"total":0,"limit":100,"offset":0})");
  CHECK(house.spans("?trace_id=tr-b", "bob").number("total") == 1);
  CHECK(house.spans("?trace_id=tr-b").number("total") == 1);
}

TEST_CASE("[S2.5] list and detail over HTTP: a bad or an unknown parameter is named in a 400") {
  TracesHouse house;
  for (const auto& [query, field] :
       std::vector<std::pair<std::string, std::string>>{{"/list?status=success", "status"},
                                                        {"/list?limit=501", "limit"},
                                                        {"/list?min_costs=1", "min_costs"},
                                                        {"/list?meta.a%20b=1", "meta.a b"},
                                                        {"/list?start_date=%22", "start_date"},
                                                        {"", "trace_id"},
                                                        {"?trace_id=a%20b", "trace_id"},
                                                        {"?trace_id=t&search=x", "search"}}) {
    CAPTURE(query);
    const RawAnswer answer = house.live.get("/api/analytics/traces" + query);
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with(R"({"error":"BAD_REQUEST","field":")" + field + "\""));
  }
}

TEST_CASE("[S2.5] list over HTTP: hostile filters are answered, and nobody is hurt") {
  TracesHouse house;
  CHECK(house.send(sent_columns("tr-1", "sp", R"(,"metadata":{"k":"v"})")).status == 201);
  for (const char* text : {"%27%20OR%201=1", "%25", "_", "%5c", "%22", "%00", "%ff", "%f0%9f%98%80",
                           "%0a", "%27;DROP%20TABLE%20spans--"})
    for (const std::string name :
         {"search", "meta.k", "workflow", "session_tag", "operation_type"}) {
      CAPTURE(name + text);
      const RawAnswer answer = house.live.get("/api/analytics/traces/list?" + name + "=" + text);
      CHECK((answer.status == 400 || answer.body.find(R"("total":0)") != std::string::npos));
    }
  CHECK(house.list("?meta.k=v").number("total") == 1);
}

}  // namespace
}  // namespace devs
