#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/query/index_writer.h"
#include "orchestrator/query/trace_queries.h"
#include "protocol/json.h"
#include "tests/orchestrator/query/shelf_log.h"
#include "tests/support/live_front.h"
#include "tests/support/temp_dir.h"

namespace devs {

inline const Epoch kTestEpoch = "5f3a9c01d2";

inline std::string id_text(Sequence sequence) {
  return encode_event_id(kTestEpoch, sequence);
}

// Envelopes as the house writes them, as far as the index looks.
struct TestCall {
  std::string id = "c-1", tool = "read_file", task = "t-1", session = "s-1", agent = "a-1";
  std::string thought = {};  // its id; empty: none
  int turn = 0;
  std::string status = "SUCCESS";
  double duration_ms = 1.5;
  std::string arguments = "{}", out = "", err = "";
};

inline std::string ids_of(const TestCall& call) {
  return ",\"turn_index\":" + std::to_string(call.turn) + R"(,"agent_id":")" + call.agent +
         R"(","session_id":")" + call.session + R"(","task_id":")" + call.task +
         R"(","thread_id":"main")";
}
inline std::string thought_of(const TestCall& call, std::string_view words) {
  return R"({"type":"thought")" + ids_of(call) + R"(,"thought_id":")" + call.thought +
         R"(","payload":{"analysis":{"reasoning_chain":)" + json_string(words) + "}}}";
}
inline std::string action_of(const TestCall& call) {
  return R"({"type":"action")" + ids_of(call) + R"(,"tool_call_id":")" + call.id + "\"" +
         (call.thought.empty() ? "" : R"(,"source_thought_id":")" + call.thought + "\"") +
         R"(,"payload":{"tool_call":{"tool_call_id":")" + call.id + R"(","tool_name":")" +
         call.tool + R"(","arguments":)" + call.arguments + "}}}";
}
inline std::string observation_of(const TestCall& call) {
  return R"({"type":"observation")" + ids_of(call) + R"(,"tool_call_id":")" + call.id +
         R"(","exit_code":0,"stdout":)" + json_string(call.out) + R"(,"stderr":)" +
         json_string(call.err) + R"(,"encoding":"utf8","duration_ms":)" +
         std::to_string(call.duration_ms) + R"(,"metadata":{"status":")" + call.status +
         R"(","tool_name":")" + call.tool + R"("},"payload":{}})";
}
inline void add_call(ShelfLog& log, const TestCall& call) {
  log.add(action_of(call));
  log.add(observation_of(call));
}

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Carries everything of `log` into `writer`.
inline void index_all(IndexWriter& writer, const StoredLog& log) {
  while (true) {
    const auto advanced = writer.advance(log.last(), {});
    REQUIRE(advanced.ok());
    if (*advanced == 0) return;
  }
}

// An answer, which is JSON whatever was asked.
class Answered {
 public:
  explicit Answered(std::string text) {
    Result<std::string> checked =
        compact_json(text, {64u << 20u, 64, 10'000'000, 32u << 20u, 1024, 64});
    REQUIRE_MESSAGE(checked.ok(), text.substr(0, 400));
    text_ = std::move(*checked);
  }
  // REQUIRES, as a test: it was answered.
  explicit Answered(const Result<std::string>& answer) : Answered(value_of(answer)) {}

  const std::string& text() const { return text_; }
  JsonView operator[](std::string_view name) const { return JsonView(text_)[name]; }
  std::int64_t number(std::string_view name) const { return (*this)[name].integer().value_or(-1); }
  // Member `name` of every element of the array `list`.
  std::vector<std::string> all(std::string_view list, std::string_view name) const {
    std::vector<std::string> values;
    (*this)[list].each_element([&values, name](JsonView element) {
      const JsonView value = element[name];
      values.push_back(value.string().value_or(std::string(value.text())));
    });
    return values;
  }
  // The sequences of the envelopes listed.
  std::vector<Sequence> sequences() const {
    std::vector<Sequence> found;
    for (const std::string& id : all("envelopes", "id"))
      found.push_back(decode_event_id(id).value().sequence);
    return found;
  }

 private:
  static std::string value_of(const Result<std::string>& answer) {
    REQUIRE_MESSAGE(answer.ok(), (answer.ok() ? "" : answer.status().message()));
    return answer.value();
  }

  std::string text_;
};

// Questions to a log that is indexed when they are asked, without a thread.
class QueryShelf {
 public:
  explicit QueryShelf(std::chrono::milliseconds budget = std::chrono::milliseconds(10'000))
      : readers_(budget), queries_(readers_, log, kTestEpoch) {}
  ~QueryShelf() { readers_.close(Status(Code::unavailable, "end of test")); }

  ShelfLog log;
  KeptLog lines;

  IndexReaders& readers() { return readers_; }
  const TraceQueries& asked() {
    if (!writer_) {
      auto opened = IndexWriter::open(dir_ / "trace.db", log, kTestEpoch, lines);
      REQUIRE(opened.ok());
      writer_ = std::move(*opened);
      readers_.open(dir_ / "trace.db");
    }
    index_all(*writer_, log);
    return queries_;
  }
  // REQUIRES: asked() has returned once, and nobody calls it meanwhile.
  void index_more() { index_all(*writer_, log); }
  // What retention took leaves the index.
  void trim() {
    (void)asked();
    while (writer_->trim(log.oldest()).value()) {
    }
  }
  // The index as a hand from outside may change it.
  Status execute(const char* sql) {
    (void)asked();
    auto connection = SqlConnection::open(dir_ / "trace.db", SqlConnection::Mode::write);
    return connection.ok() ? (*connection)->execute(sql) : connection.status();
  }

 private:
  TempDir dir_;
  IndexReaders readers_;
  TraceQueries queries_;
  std::unique_ptr<IndexWriter> writer_;
};

}  // namespace devs
