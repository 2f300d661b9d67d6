#include <doctest/doctest.h>

#include <random>

#include "tests/orchestrator/query/spans_kit.h"
#include "tests/support/cpu_time.h"
#include "trace/sha256.h"

namespace devs {
namespace {

using Texts = std::vector<std::string>;

Answered list(QueryShelf& shelf, std::string_view parameters,
              std::optional<std::string> owner = {}) {
  TracesQuery query = asked_for(parameters);
  query.filter.owner = std::move(owner);
  return Answered(shelf.asked().traces(query));
}
Texts ids(QueryShelf& shelf, std::string_view parameters) {
  return list(shelf, parameters).all("traces", "id");
}
Answered detail(QueryShelf& shelf, const SpansQuery& query) {
  return Answered(shelf.asked().spans(query));
}
SpansQuery of_trace(std::string trace) {
  SpansQuery query;
  query.trace_id = std::move(trace);
  return query;
}
std::string first_row(const Answered& answer) {
  std::string first;
  answer["traces"].each_element([&first](JsonView row) {
    if (first.empty()) first = row.text();
  });
  return first;
}
// A sent span of trace `tr-<n>`, begun at second n.
std::string sent_at(int n, std::string_view more) {
  char time[64];
  std::snprintf(time, sizeof time, R"(,"start_time":"2026-11-21T01:%02d:%02dZ")", n / 60, n % 60);
  return sent(sent_columns("tr-" + std::to_string(n), "sp", std::string(time) + std::string(more)));
}

TEST_CASE("[S2.5] list: one row per trace, newest begun first, that says what its spans come to") {
  QueryShelf shelf;
  shelf.log.add(sent(sent_columns(
      "tr-1", "root",
      R"(,"start_time":"2026-11-21T01:00:00Z","end_time":"2026-11-21T01:00:10Z","input_tokens":5,)"
      R"("output_tokens":7,"cost_usd":0.25,"session_tag":"s-1","model_name":"m-1","input_data":{"a":1})")));
  shelf.log.add(sent(sent_columns(
      "tr-1", "inner",
      R"(,"parent_trace_id":"root","start_time":"2026-11-21T01:00:02Z","end_time":"2026-11-21T01:00:04Z",)"
      R"("input_tokens":1,"output_tokens":2,"cost_usd":0.5,"status":"failed","error_message":"whale",)"
      R"("error_type":"timeout")")));
  shelf.log.add(sent(sent_columns("tr-2", "root", R"(,"start_time":"2026-11-21T02:00:00Z")")));
  const Answered answer = list(shelf, "");
  CHECK(answer.text().ends_with(R"(],"total":2,"limit":20,"offset":0})"));
  CHECK(answer.all("traces", "id") == Texts{"tr-2", "tr-1"});
  CHECK(answer.all("traces", "status") == Texts{"running", "failed"});
  CHECK(answer.all("traces", "end_time") == Texts{"null", "2026-11-21T01:00:10.000Z"});
  CHECK(answer.all("traces", "duration_ms") == Texts{"null", "10000"});
  CHECK(answer.all("traces", "total_tokens") == Texts{"null", "15"});
  CHECK(answer.all("traces", "cost_usd") == Texts{"null", "0.75"});
  CHECK(answer.all("traces", "session_tag") == Texts{"null", "s-1"});
  CHECK(answer.all("traces", "model_name") == Texts{"null", "m-1"});
  CHECK(answer.all("traces", "error_message") == Texts{"null", "whale"});
  CHECK(answer.all("traces", "error_type") == Texts{"null", "timeout"});
  CHECK(answer.all("traces", "span_count") == Texts{"1", "2"});
  CHECK(answer.all("traces", "error_count") == Texts{"0", "1"});
  CHECK_FALSE(JsonView(first_row(answer))["input_data"].present());
}

TEST_CASE("[S2.5] list: an update changes its row and its trace, and makes neither twice") {
  QueryShelf shelf;
  shelf.log.add(
      sent(sent_columns("tr-1", "sp-1", R"(,"cost_usd":1,"input_tokens":3,"input_data":"in")")));
  CHECK(list(shelf, "status=running").number("total") == 1);
  shelf.log.add(
      sent(sent_columns("tr-1", "sp-1", R"(,"cost_usd":2.5,"duration_ms":40,"output_data":"out")"),
           true));
  const Answered answer = list(shelf, "");
  CHECK(answer.number("total") == 1);
  CHECK(answer.all("traces", "status") == Texts{"completed"});
  CHECK(answer.all("traces", "cost_usd") == Texts{"2.5"});
  CHECK(answer.all("traces", "input_tokens") == Texts{"3"});
  CHECK(answer.all("traces", "span_count") == Texts{"1"});
  const Answered spans = detail(shelf, of_trace("tr-1"));
  CHECK(spans.all("traces", "input_data") == Texts{"in"});
  CHECK(spans.all("traces", "output_data") == Texts{"out"});
  CHECK(spans.all("traces", "duration_ms") == Texts{"40"});
  CHECK(list(shelf, "status=running").number("total") == 0);
}

TEST_CASE("[S2.5] list: a trace is called by its task, and is of the task's calls and thoughts") {
  QueryShelf shelf;
  shelf.log.add(R"({"type":"thought","thought_id":"h-1","task_id":"t-1","payload":{}})");
  shelf.log.add(
      R"({"type":"lifecycle","task_id":"t-1","payload":{"event":"TASK_STARTED","title":"Tidy up"}})");
  add_call(shelf.log, {.id = "c-1", .task = "t-1", .status = "TOOL_ERROR", .err = "no whale"});
  CHECK(list(shelf, "").all("traces", "status") == Texts{"running"});
  shelf.log.add(R"({"type":"lifecycle","task_id":"t-1","payload":{"event":"TASK_COMPLETED"}})");
  const Answered answer = list(shelf, "");
  CHECK(answer.all("traces", "span_name") == Texts{"Tidy up"});
  CHECK(answer.all("traces", "operation_type") == Texts{"task"});
  CHECK(answer.all("traces", "conversation_id") == Texts{"t-1"});
  CHECK(answer.all("traces", "status") == Texts{"failed"});
  CHECK(answer.all("traces", "error_message") == Texts{"no whale"});
  CHECK(answer.all("traces", "span_count") == Texts{"3"});
}

TEST_CASE("[S2.5] list: kinds looked at one by one are listed as spans") {
  QueryShelf shelf;
  add_call(shelf.log, {.id = "c-1", .tool = "x", .duration_ms = 5});
  add_call(shelf.log, {.id = "c-2", .tool = "y", .status = "TOOL_ERROR", .duration_ms = 50});
  shelf.log.add(R"({"type":"thought","thought_id":"h-1","task_id":"t-1","payload":{}})");
  CHECK(ids(shelf, "operation_type=tool_call") == Texts{"c-2", "c-1"});
  CHECK(ids(shelf, "operation_type=thought") == Texts{"h-1"});
  CHECK(ids(shelf, "operation_type=tool_call&status=failed") == Texts{"c-2"});
  CHECK(ids(shelf, "operation_type=tool_call&has_error=false") == Texts{"c-1"});
  CHECK(ids(shelf, "operation_type=tool_call&min_duration=6") == Texts{"c-2"});
  CHECK(ids(shelf, "operation_type=tool_call&search=CALL+X").empty());
  CHECK(ids(shelf, "operation_type=tool_call&search=CALL X") == Texts{"c-1"});
  CHECK(ids(shelf, "operation_type=retrieval").empty());
}

TEST_CASE("[S2.5] list: each filter, on the trace as a whole or on one of its spans") {
  QueryShelf shelf;
  shelf.log.add(sent_at(
      1,
      R"(,"duration_ms":10,"end_time":"2026-11-21T01:00:02Z","cost_usd":0.1,"session_tag":"s-a",)"
      R"("tokens_per_second":10,"metadata":{"k":"v","n":1.5,"b":true,"deep":{"z":1}},"model_name":"Opal-3")"));
  shelf.log.add(sent_at(
      2,
      R"(,"end_time":"2026-11-21T01:00:22Z","cost_usd":5,"session_tag":"s-b","status":"cancelled",)"
      R"("tokens_per_second":90,"metadata":{"quality_score":0.4,"workflow":"w-1"},"model_provider":"acme")"));
  shelf.log.add(
      sent_at(3, R"(,"status":"failed","conversation_id":"0193ab3c-7d10-7a55-9f0e-2b1c5d7e9a01",)"
                 R"("metadata":{"quality_score":0.9,"k":"w"})"));
  shelf.log.add(
      sent_at(4, R"(,"status":"running","message_id":"0193ab3c-7d10-7a55-9f0e-2b1c5d7e9a02")"));
  const auto found = [&shelf](std::string_view parameters) {
    std::string all;
    for (const std::string& id : ids(shelf, parameters)) all += id.substr(3);
    return all;
  };
  CHECK(found("") == "4321");
  CHECK(found("status=failed") == "3");
  CHECK(found("status=cancelled") == "2");
  CHECK(found("session_tag=s-a") == "1");
  CHECK(found("start_date=2026-11-21T01:00:02Z") == "432");
  CHECK(found("end_date=2026-11-21T01:00:02Z") == "21");
  CHECK(found("start_date=2026-11-22").empty());
  CHECK(found("end_date=2026-11-21") == "4321");
  CHECK(found("workflow=w-1") == "2");
  CHECK(found("min_cost=0.1") == "21");
  CHECK(found("max_cost=0.1") == "1");
  CHECK(found("min_duration=1001") == "2");
  CHECK(found("max_duration=1000") == "31");
  CHECK(found("min_throughput=11") == "2");
  CHECK(found("max_throughput=10") == "1");
  CHECK(found("has_error=true") == "3");
  CHECK(found("has_error=false") == "421");
  CHECK(found("has_quality_score=true") == "32");
  CHECK(found("has_quality_score=false") == "41");
  CHECK(found("min_quality_score=0.5") == "3");
  CHECK(found("meta.k=v") == "1");
  CHECK(found("meta.n=1.5&meta.b=true") == "1");
  CHECK(found("meta.z=1").empty());  // of the row's metadata, not of what lies in it
  CHECK(found("meta.k=%").empty());
  CHECK(found("operation_type=generation") == "4321");
  CHECK(found("operation_type=other").empty());
  CHECK(found("search=opal") == "1");
  CHECK(found("search=ACME") == "2");
  CHECK(found("search=tr-3") == "3");
  CHECK(found("search=s-") == "21");
  CHECK(found("search=%").empty());
  CHECK(found("search=_").empty());
  CHECK(found("search=0193ab3c-7d10-7a55-9f0e-2b1c5d7e9a01") == "3");
  CHECK(found("search=0193ab3c-7d10-7a55-9f0e-2b1c5d7e9a02") == "4");
  CHECK(found("search=0193ab3c-7d10-7a55").empty());  // ids of that kind: exactly
  CHECK(found("search=opal&session_tag=s-b").empty());
}

TEST_CASE("[S2.5] list: metadata is found however it was spelled") {
  QueryShelf shelf;
  shelf.log.add(sent_at(1, R"(,"metadata":{"\u006bey":"caf\u00e9 \"x\"","q":"a\/b"})"));
  CHECK(ids(shelf, "meta.key=café \"x\"") == Texts{"tr-1"});
  CHECK(ids(shelf, "meta.q=a/b") == Texts{"tr-1"});
  CHECK(ids(shelf, "meta.q=a").empty());
}

TEST_CASE("[S2.5] list: pages meet, and the total is of all of them") {
  QueryShelf shelf;
  for (int n = 0; n < 45; ++n) shelf.log.add(sent_at(n, ""));
  Texts all;
  for (int offset = 0; offset < 60; offset += 20) {
    const Answered page = list(shelf, "limit=20&offset=" + std::to_string(offset));
    CHECK(page.number("total") == 45);
    CHECK(page.number("offset") == offset);
    for (const std::string& id : page.all("traces", "id")) all.push_back(id);
  }
  REQUIRE(all.size() == 45);
  CHECK(all.front() == "tr-44");
  CHECK(all.back() == "tr-0");
}

TEST_CASE("[S2.3] list and detail: only the owner's, also under an id another has") {
  QueryShelf shelf;
  shelf.log.add(sent(sent_columns("tr-1", "sp-1", R"(,"cost_usd":1)")), 0, "owner:ann");
  shelf.log.add(sent(sent_columns("tr-1", "sp-1", R"(,"cost_usd":20)")), 0, "owner:bob");
  shelf.log.add(sent(sent_columns("tr-2", "sp-1")));
  CHECK(list(shelf, "", "ann").all("traces", "cost_usd") == Texts{"1"});
  CHECK(list(shelf, "", "ann").all("traces", "user_id") == Texts{"ann"});
  CHECK(list(shelf, "", "bob").all("traces", "cost_usd") == Texts{"20"});
  CHECK(list(shelf, "", "eve").number("total") == 0);
  CHECK(list(shelf, "").number("total") == 3);
  CHECK(list(shelf, "search=tr-2").all("traces", "user_id") == Texts{"local"});
  SpansQuery query = of_trace("tr-1");
  query.owner = "bob";
  CHECK(detail(shelf, query).all("traces", "cost_usd") == Texts{"20"});
  query.owner = "eve";
  CHECK(detail(shelf, query).text() == R"({"traces":[],"total":0,"limit":100,"offset":0})");
  CHECK(shelf.asked().knows_span("tr-1:sp-1", "ann").value());
  CHECK_FALSE(shelf.asked().knows_span("tr-1:sp-1", "eve").value());
  CHECK_FALSE(shelf.asked().knows_span("tr-1:sp-1", "").value());
}

TEST_CASE("[S2.6] detail: the spans of a trace, a conversation or a message, by start time") {
  QueryShelf shelf;
  shelf.log.add(sent(
      sent_columns("tr-1", "late", R"(,"start_time":"2026-11-21T02:00:00Z","message_id":"m-1")")));
  shelf.log.add(sent(sent_columns(
      "tr-1", "early",
      R"(,"start_time":"2026-11-21T01:00:00Z","conversation_id":"c-1","status":"failed")")));
  shelf.log.add(sent(sent_columns("tr-2", "other", R"(,"conversation_id":"c-1")")));
  CHECK(detail(shelf, of_trace("tr-1")).all("traces", "span_id") == Texts{"early", "late"});
  SpansQuery query;
  query.conversation_id = "c-1";
  CHECK(detail(shelf, query).all("traces", "trace_id") == Texts{"tr-1", "tr-2"});
  query.status = "failed";
  CHECK(detail(shelf, query).all("traces", "trace_id") == Texts{"tr-1"});
  SpansQuery message;
  message.message_id = "m-1";
  CHECK(detail(shelf, message).all("traces", "span_id") == Texts{"late"});
  message.operation_type = "tool_call";
  CHECK(detail(shelf, message).number("total") == 0);
  SpansQuery second = of_trace("tr-1");
  second.limit = 1;
  second.offset = 1;
  CHECK(detail(shelf, second).all("traces", "span_id") == Texts{"late"});
  CHECK(detail(shelf, second).number("total") == 2);
}

TEST_CASE("[S2.6] detail: a row is the one the stream told, its updates merged by id") {
  QueryShelf shelf;
  const TestCall call{.id = "c-1", .arguments = R"({"path":"a"})", .out = "hello"};
  shelf.log.add(action_of(call), 0, "owner:ann");
  CHECK(first_row(detail(shelf, of_trace(sha256_hex("5f3a9c01d2:t-1").substr(0, 32)))) ==
        row_of(action_of(call), "owner:ann", "5f3a9c01d2-1"));
  shelf.log.add(observation_of(call), 0, "owner:ann");
  const std::string row =
      first_row(detail(shelf, of_trace(sha256_hex("5f3a9c01d2:t-1").substr(0, 32))));
  const std::string update = row_of(observation_of(call), "owner:ann", "5f3a9c01d2-2");
  CHECK(JsonView(row)["input_data"].text() == R"({"path":"a"})");
  JsonView(update).each_member([&row](const std::string& name, JsonView value) {
    CAPTURE(name);
    if (name == "duration_ms")
      CHECK(JsonView(row)[name].number() == value.number());
    else
      CHECK(JsonView(row)[name].text() == value.text());
  });
}

TEST_CASE("[S2.6] detail: rows beyond 8 MiB are on the next page, a lost input is null") {
  QueryShelf shelf;
  const std::string large = R"(,"input_data":")" + std::string(900'000, 'x') + "\"";
  for (int n = 0; n < 12; ++n)
    shelf.log.add(sent(sent_columns("tr-1", "sp-" + std::to_string(10 + n), large)));
  const Answered first = detail(shelf, of_trace("tr-1"));
  const Texts shown = first.all("traces", "span_id");
  CHECK(first.number("total") == 12);
  CHECK((shown.size() > 5 && shown.size() < 12));
  SpansQuery rest = of_trace("tr-1");
  rest.offset = shown.size();
  CHECK(detail(shelf, rest).all("traces", "span_id").front() ==
        "sp-" + std::to_string(10 + shown.size()));
  shelf.log.lose(1, 3, LossReason::corrupt);
  CHECK(detail(shelf, of_trace("tr-1")).all("traces", "input_data").front() == "null");
}

TEST_CASE("[S2.6] detail: a row whose input and output fill the answer alone is shown whole") {
  QueryShelf shelf;
  const std::string large(5u << 20u, 'x');
  shelf.log.add(sent(sent_columns("tr-1", "sp-1", R"(,"input_data":"in)" + large + "\"")));
  for (int n = 0; n < 4; ++n)
    shelf.log.add(sent(
        sent_columns("tr-1", "other-" + std::to_string(n), R"(,"input_data":")" + large + "\"")));
  shelf.log.add(sent(sent_columns("tr-1", "sp-1", R"(,"output_data":"out)" + large + "\""), true));
  const Answered answer = detail(shelf, of_trace("tr-1"));
  CHECK(answer.all("traces", "span_id") == Texts{"sp-1"});
  CHECK(answer.all("traces", "input_data").front().substr(0, 3) == "inx");
  CHECK(answer.all("traces", "output_data").front().substr(0, 4) == "outx");
}

TEST_CASE("[S2.5] list: what retention took is counted no more") {
  QueryShelf shelf;
  for (int n = 0; n < 30; ++n) shelf.log.add(sent_at(n, R"(,"cost_usd":1)"));
  shelf.log.add(sent(sent_columns("tr-0", "later", R"(,"cost_usd":2)")));
  CHECK(list(shelf, "").number("total") == 30);
  shelf.log.drop_before(21);
  shelf.trim();
  const Answered answer = list(shelf, "limit=100");
  CHECK(answer.number("total") == 11);  // 20 to 29, and tr-0 by its later span
  const Answered zero = list(shelf, "search=tr-0");
  CHECK(zero.all("traces", "span_count") == Texts{"1"});
  CHECK(zero.all("traces", "cost_usd") == Texts{"2"});
  CHECK(zero.all("traces", "span_name") == Texts{"chat"});
  CHECK(detail(shelf, of_trace("tr-1")).number("total") == 0);
}

TEST_CASE(
    "[S2.5] list: what a list of 20 000 spans costs, whatever it is asked, is a fraction of a "
    "second") {
  QueryShelf shelf;
  std::mt19937 dice(1);
  for (int n = 0; n < 10'000; ++n) {
    const TestCall call{.id = "c-" + std::to_string(n),
                        .tool = "tool_" + std::to_string(n % 40),
                        .task = "t-" + std::to_string(n / 10),
                        .session = "s-" + std::to_string(n / 100),
                        .status = n % 50 == 0 ? "TOOL_ERROR" : "SUCCESS",
                        .duration_ms = static_cast<double>(dice() % 1'000)};
    add_call(shelf.log, call);
    shelf.log.add(sent(
        sent_columns("tr-" + std::to_string(n / 4), "sp-" + std::to_string(n),
                     R"(,"cost_usd":0.01,"metadata":{"k":"v-)" + std::to_string(n % 7) + "\"}")));
  }
  const TraceQueries& queries = shelf.asked();
  for (const char* parameters :
       {"", "offset=1000", "operation_type=tool_call", "operation_type=tool_call&status=failed",
        "operation_type=generation", "status=failed", "session_tag=s-77", "start_date=2026-11-21",
        "workflow=t-7", "min_cost=0.05", "min_duration=10", "min_throughput=1", "has_error=true",
        "has_quality_score=true", "meta.k=v-3", "meta.tool_name=tool_7", "search=tool_7",
        "search=nothing of that kind", "search=0193ab3c-7d10-7a55-9f0e-2b1c5d7e9a01"}) {
    const TracesQuery query = asked_for(parameters);
    const double before = cpu_ms();
    const auto answer = queries.traces(query);
    const double took = cpu_ms() - before;
    CHECK(answer.ok());
    CHECK_MESSAGE(took < 500, parameters);
  }
}

}  // namespace
}  // namespace devs
