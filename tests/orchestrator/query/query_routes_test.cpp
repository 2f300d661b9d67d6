#include "orchestrator/query/query_routes.h"

#include <doctest/doctest.h>

#include "orchestrator/query/trace_index.h"
#include "tests/orchestrator/query/query_kit.h"
#include "tests/support/gate.h"
#include "tests/trace/trace_kit.h"

namespace devs {
namespace {

const WorkerPool::Options kQueryWorkers{.name = "query", .threads = 1, .queue_capacity = 4};

// A log, its index and the routes, behind a real front.
class QueryHouse {
 public:
  explicit QueryHouse(Principal principal = {})
      : index(options(), log, kTestEpoch, lines, metrics),
        queries(index.readers(), log, kTestEpoch),
        workers(kQueryWorkers),
        live({.authorize = [principal](Exchange& exchange,
                                       const Route&) -> std::optional<HttpAnswer> {
               exchange.set_principal(principal);
               return std::nullopt;
             }},
             [this](LiveFront& front) {
               RouteTable table;
               REQUIRE(add_query_routes(table, queries, workers, front.metrics()).ok());
               return table.rows();
             }) {}
  ~QueryHouse() { workers.stop(); }  // as the server does: who answers is gone before the reactor

  RawAnswer get(const std::string& target) {
    REQUIRE(index.wait_through(log.last(), soon()));
    return live.get(target);
  }
  Answered json(const std::string& target) {
    const RawAnswer answer = get(target);
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "application/json");
    return Answered(answer.body);
  }

  TempDir dir;
  ShelfLog log;
  KeptLog lines;
  Metrics metrics;
  TraceIndex index;
  TraceQueries queries;
  WorkerPool workers;
  LiveFront live;

 private:
  TraceIndex::Options options() const {
    TraceIndex::Options options;
    options.dir = dir.path();
    options.poll = std::chrono::milliseconds(2);
    return options;
  }
};

TEST_CASE("query routes: envelopes are listed, filtered and searched over HTTP") {
  QueryHouse house;
  for (int i = 0; i < 5; ++i)
    add_call(house.log, {.id = "c-" + std::to_string(i),
                         .tool = i % 2 == 0 ? "x" : "y",
                         .duration_ms = 10.0 * i,
                         .out = "a white whale"});
  CHECK(house.json("/trace/envelopes").number("total") == 10);
  CHECK(house.json("/trace/envelopes?tool=x").number("total") == 6);
  CHECK(
      house.json("/trace/envelopes?tool=x,y&type=observation&min_duration_ms=20").number("total") ==
      3);
  CHECK(house.json("/trace/envelopes?q=white+whale&limit=2").number("total") == 5);
  CHECK(house.json("/trace/envelopes?q=%22white%20OR%20black%22").number("total") == 0);
  const Answered page = house.json("/trace/envelopes?order=desc&limit=3&before=" + id_text(9));
  CHECK(page.sequences() == std::vector<Sequence>{8, 7, 6});
  CHECK(page["next"].string() == id_text(6));
  CHECK(house.json("/trace/envelopes?after=" + id_text(9)).sequences() ==
        std::vector<Sequence>{10});
  CHECK(house.live.count("trace_queries_total") == 7);
}

TEST_CASE("[T11] query routes: sessions, a task's tree and roll-ups over HTTP") {
  QueryHouse house;
  add_call(house.log, {});
  CHECK(house.json("/trace/sessions?limit=1").all("sessions", "id") ==
        std::vector<std::string>{"s-1"});
  CHECK(house.json("/trace/tasks/t-1/tree?envelopes=true")["turns"].size() == 1);
  CHECK(house.json("/trace/stats?group_by=status").all("groups", "key") ==
        std::vector<std::string>{"SUCCESS"});
  const RawAnswer unknown = house.get("/trace/tasks/t-9/tree");
  CHECK(unknown.status == 404);
  CHECK(unknown.body.find("NOT_FOUND") != std::string::npos);
}

TEST_CASE("query routes: a parameter outside its grammar is named in a 400") {
  QueryHouse house;
  add_call(house.log, {});
  const std::vector<std::pair<std::string, std::string>> refused{
      {"/trace/envelopes?limit=1001", "limit"},
      {"/trace/envelopes?limit=0", "limit"},
      {"/trace/envelopes?after=aaaaaaaaaa-1", "after"},
      {"/trace/envelopes?before=" + kTestEpoch + "-99999999999999999999", "before"},
      {"/trace/envelopes?tool=", "tool"},
      {"/trace/envelopes?session=a%27%20OR%201=1", "session"},
      {"/trace/envelopes?task=..%2f..%2fetc", "task"},
      {"/trace/envelopes?q=" + std::string(257, 'a'), "q"},
      {"/trace/envelopes?from=tomorrow", "from"},
      {"/trace/envelopes?order=up", "order"},
      {"/trace/sessions?before=1", "before"},
      {"/trace/sessions?limit=x", "limit"},
      {"/trace/tasks/a%20b/tree", "id"},
      {"/trace/tasks/" + std::string(129, 'a') + "/tree", "id"},
      {"/trace/tasks/t/tree?envelopes=1", "envelopes"},
      {"/trace/stats?group_by=owner", "group_by"},
      {"/trace/stats?min_duration_ms=-1", "min_duration_ms"}};
  for (const auto& [target, field] : refused) {
    CAPTURE(target);
    const RawAnswer answer = house.get(target);
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with(R"({"error":"BAD_REQUEST","field":")" + field + "\""));
  }
}

TEST_CASE("[T36] query routes: the words of the stream filter, with the stream's meaning") {
  QueryHouse house;
  add_call(house.log, {.id = "c-1", .task = "t-1", .session = "s-1", .agent = "a-1"});
  add_call(house.log, {.id = "c-2", .task = "t-42", .session = "s-2", .agent = "a-1"});
  add_call(house.log, {.id = "c-3", .task = "t-42", .session = "s-3", .agent = "a-2"});
  const auto found = [&house](const std::string& query) {
    return house.json("/trace/envelopes?" + query).sequences();
  };
  using Numbers = std::vector<Sequence>;
  CHECK(found("taskId=t-42") == Numbers{3, 4, 5, 6});
  CHECK(found("sessionId=s-2") == Numbers{3, 4});
  CHECK(found("agentId=a-1") == Numbers{1, 2, 3, 4});
  CHECK(found("taskId=t-42&agentId=a-1") == Numbers{3, 4});
  CHECK(found("taskId=t-42&task=t-1,t-9").empty());
  CHECK(found("types=action") == Numbers{1, 3, 5});
  CHECK(found("types=action&type=observation&taskId=t-1") == Numbers{1, 2});
  CHECK(found("topics=task:t-1,session:s-3") == Numbers{1, 2, 5, 6});
  CHECK(found("topics=task:t-42,agent:a-1&types=action") == Numbers{1, 3, 5});
  CHECK(found("topics=task:t-42&taskId=t-1").empty());
  CHECK(found("topics=all,task:t-1&sessionId=s-2") == Numbers{3, 4});
  CHECK(house.json("/trace/stats?taskId=t-42&group_by=agent").number("entries") == 4);
  for (const char* refused :
       {"taskId=a%20b", "sessionId=", "agentId=%2f", "topics=", "topics=graph",
        "topics=channel:debates/1", "topics=task:", "topics=tool:x"}) {
    CAPTURE(refused);
    const RawAnswer answer = house.get(std::string("/trace/envelopes?") + refused);
    CHECK(answer.status == 400);
    CHECK(answer.body.find(std::string(refused).substr(0, 6)) != std::string::npos);
  }
}

TEST_CASE("[T36] query routes: a parameter nobody knows is a 400 that names those there are") {
  QueryHouse house;
  add_call(house.log, {});
  const std::vector<std::pair<std::string, std::string>> refused{
      {"/trace/envelopes?taskid=t-42", "taskid"},
      {"/trace/envelopes?limit=5&owner=u1", "owner"},
      {"/trace/envelopes?%22%0a=1", "\\\"\\n"},
      {"/trace/sessions?tool=x", "tool"},
      {"/trace/sessions?after=" + id_text(1), "after"},
      {"/trace/tasks/t-1/tree?limit=3", "limit"},
      {"/trace/stats?limit=3", "limit"},
      {"/trace/stats?groupBy=tool", "groupBy"}};
  for (const auto& [target, field] : refused) {
    CAPTURE(target);
    const RawAnswer answer = house.get(target);
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with(R"({"error":"BAD_REQUEST","field":")" + field + "\""));
  }
  CHECK(house.get("/trace/sessions?tool=x").body.find("there are: before, limit") !=
        std::string::npos);
  CHECK(house.get("/trace/stats?x=1").body.find("taskId") != std::string::npos);
}

TEST_CASE("query routes: hostile searches and ids are answered, and nobody is hurt") {
  QueryHouse house;
  for (int i = 0; i < 20; ++i) add_call(house.log, {.out = "a whale"});
  for (const char* q : {"%22", "%22%22%22", "%27;DROP%20TABLE%20entries--", "a%00b", "%ff%fe", "*",
                        "a*", "(", "NEAR(", "AND", "a+AND", "-a", "^", "%e2%80%94a", "text:a",
                        "%f0%9f%98%80", "%0a%0d", "?1", "a%5c"}) {
    CAPTURE(q);
    const int status = house.get(std::string("/trace/envelopes?q=") + q).status;
    CHECK((status == 200 || status == 400));
  }
  const RawAnswer megabyte = house.get("/trace/envelopes?q=" + std::string(1u << 20u, 'a'));
  CHECK(megabyte.status >= 400);
  for (const char* id : {"%00", "%ff", "%2e%2e", "'", "%22", "{id}", "%25", "a%2fb"}) {
    CAPTURE(id);
    const int status = house.get(std::string("/trace/tasks/") + id + "/tree").status;
    CHECK((status == 400 || status == 404));
  }
  CHECK(house.json("/trace/envelopes?q=whale").number("total") == 20);
}

TEST_CASE("query routes: without an index the answer is 503 with the reason, and others live on") {
  QueryHouse house;
  add_call(house.log, {});
  CHECK(house.get("/trace/envelopes").status == 200);
  house.index.stop();
  for (const char* target :
       {"/trace/envelopes", "/trace/sessions", "/trace/tasks/t-1/tree", "/trace/stats"}) {
    const RawAnswer answer = house.live.get(target);
    CHECK(answer.status == 503);
    CHECK(answer.header("retry-after") == "1");
    CHECK(answer.body == R"({"error":"INDEX_UNAVAILABLE","reason":"shutting down"})");
  }
  CHECK(house.live.count("trace_queries_refused_total", "reason=\"unavailable\"") == 4);
}

TEST_CASE("query routes: a question that would hold a worker too long is refused by name") {
  const TempDir dir;
  ShelfLog log;
  KeptLog lines;
  log.add(R"({"type":"x"})");
  auto writer = IndexWriter::open(dir / "trace.db", log, kTestEpoch, lines);
  REQUIRE(writer.ok());
  index_all(**writer, log);
  REQUIRE(
      (*writer)
          ->release()
          ->execute(
              "INSERT INTO entries(sequence,at_ms,ts_ns,stored_ms,type,tool,status,failed) WITH "
              "RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<20000) SELECT "
              "i,0,0,0,'x',iif(i%2,'odd',NULL),iif(i%2,NULL,'even'),0 FROM n")
          .ok());
  IndexReaders readers(std::chrono::milliseconds(0));
  readers.open(dir / "trace.db");
  const TraceQueries queries(readers, log, kTestEpoch);
  WorkerPool workers(kQueryWorkers);
  LiveFront live({}, [&](LiveFront& front) {
    RouteTable table;
    REQUIRE(add_query_routes(table, queries, workers, front.metrics()).ok());
    return table.rows();
  });
  const RawAnswer answer = live.get("/trace/envelopes?tool=odd&status=even");
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") == "1");
  CHECK(answer.body.find(R"("error":"QUERY_TOO_BROAD")") != std::string::npos);
  CHECK(live.count("trace_queries_refused_total", "reason=\"too_broad\"") == 1);
  workers.stop();
  live.end();
  readers.close(Status(Code::unavailable, "end of test"));
}

// A log whose reads wait until the test lets them.
class HeldLog final : public StoredLog {
 public:
  explicit HeldLog(ShelfLog& log) : log_(log) {}
  mutable Gate gate;

  Sequence oldest() const override { return log_.oldest(); }
  Sequence last() const override { return log_.last(); }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override {
    gate.pass();
    return log_.read(from, limits, on_line);
  }
  Sequence first_since(std::int64_t ms) const override { return log_.first_since(ms); }

 private:
  const ShelfLog& log_;
};

TEST_CASE("[T35] query routes: while questions are slow, other requests are answered") {
  QueryShelf shelf;
  add_call(shelf.log, {});
  (void)shelf.asked();
  HeldLog held(shelf.log);
  const TraceQueries queries(shelf.readers(), held, kTestEpoch);
  WorkerPool workers(kQueryWorkers);
  LiveFront live({.workers = 2}, [&](LiveFront& front) {
    RouteTable table;
    REQUIRE(add_query_routes(table, queries, workers, front.metrics()).ok());
    Route publish;
    publish.pattern = "/trace/publish";
    publish.handler = [](Exchange& exchange) { exchange.respond(json_answer(200, "{}")); };
    REQUIRE(table.add(std::move(publish)).ok());
    return table.rows();
  });
  std::vector<RawClient> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(live.client());
    slow.back().say(get_text("/trace/envelopes", live.port()));
  }
  CHECK(held.gate.wait_for_arrival());
  CHECK(live.get("/trace/publish").status == 200);

  CHECK(live.until([&workers] { return workers.waiting() == 3; }));
  slow.push_back(live.client());
  slow.back().say(get_text("/trace/stats", live.port()));
  CHECK(live.until([&workers] { return workers.waiting() == 4; }));
  const RawAnswer refused = live.get("/trace/sessions");
  CHECK(refused.status == 503);
  CHECK(refused.header("retry-after") == "1");
  CHECK(refused.body.starts_with(R"({"error":"QUERIES_BUSY")"));
  CHECK(live.count("trace_queries_refused_total", "reason=\"busy\"") == 1);
  held.gate.open();
  for (RawClient& each : slow) CHECK(each.answer().status == 200);
  workers.stop();
  live.end();
}

TEST_CASE("query routes: who is no operator is answered about its own entries") {
  QueryHouse house(Principal{.name = "u1", .is_operator = false});
  house.log.add(action_of({.session = "mine"}), 0, "owner:u1");
  house.log.add(action_of({.task = "t-2", .session = "theirs"}), 0, "owner:u2");
  CHECK(house.json("/trace/envelopes").sequences() == std::vector<Sequence>{1});
  CHECK(house.json("/trace/sessions").all("sessions", "id") == std::vector<std::string>{"mine"});
  CHECK(house.json("/trace/stats?group_by=session").all("groups", "key") ==
        std::vector<std::string>{"mine"});
  CHECK(house.get("/trace/tasks/t-1/tree").status == 200);
  CHECK(house.get("/trace/tasks/t-2/tree").status == 404);
}

}  // namespace
}  // namespace devs
