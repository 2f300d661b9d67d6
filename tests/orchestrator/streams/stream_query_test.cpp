#include "orchestrator/streams/stream_query.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/json.h"

using namespace devs;

namespace {

struct Read {
  Filter filter;
  BadParameter bad;
};
Read read(std::vector<std::pair<std::string, std::string>> query, bool uuids = false) {
  RequestHead head;
  head.query_params = std::move(query);
  Read result;
  result.filter = filter_of(head, uuids, result.bad);
  return result;
}

std::vector<Topic> topics(std::vector<Topic> list) {
  return list;
}

const std::string kUuid = "019ab3c2-7d10-7a55-9f0e-2b1c5d7e9a01";
const std::string kSixteen = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16";

}  // namespace

TEST_CASE("[S0.13] query: whatever a field is called, the refusal is JSON that names it") {
  CHECK(bad_parameter({"taskId", "must be \"so\""}).body ==
        R"({"error":"BAD_REQUEST","field":"taskId","message":"must be \"so\""})");
  const std::string name = "a\"b\\c\n\x01";
  CHECK(JsonView(bad_parameter({name, "is unknown"}).body)["field"].string() == name);
}

TEST_CASE("[S0.13] query: the narrowest id is the topic, the others filter") {
  CHECK(read({}).filter.topics == topics({{TopicKind::all, ""}}));
  CHECK(read({{"agentId", "a"}}).filter.topics == topics({{TopicKind::agent, "a"}}));
  const Filter two = read({{"agentId", "a"}, {"sessionId", "s"}}).filter;
  CHECK(two.topics == topics({{TopicKind::session, "s"}}));
  CHECK(two.session_id == "");
  CHECK(two.agent_id == "a");
  const Filter all = read({{"agentId", "a"}, {"sessionId", "s"}, {"taskId", "t"}}).filter;
  CHECK(all.topics == topics({{TopicKind::task, "t"}}));
  CHECK(all.task_id == "");
  CHECK(all.session_id == "s");
  CHECK(all.agent_id == "a");
}

TEST_CASE("[S0.13] query: beside topics every id filters") {
  const Filter filter = read({{"topics", "session:s,all,session:s"}, {"taskId", "t"}}).filter;
  CHECK(filter.topics == topics({{TopicKind::all, ""}, {TopicKind::session, "s"}}));
  CHECK(filter.task_id == "t");
}

TEST_CASE("[S0.13] query: every form of topic, and nothing else") {
  const std::string every =
      "all,task:t-42,session:s,agent:a@b,graph,channel:debates/42,channel:a-1/x:y";
  const Read good = read({{"topics", every}});
  CHECK(good.bad.field.empty());
  CHECK(good.filter.topics.size() == 7);
  for (const std::string bad : {"",
                                ",",
                                "all,",
                                ",all",
                                "task",
                                "task:",
                                "task:a b",
                                "Task:a",
                                "owner:u1",
                                "tool:x",
                                "graph:x",
                                "channel:",
                                "channel:debates",
                                "channel:/42",
                                "channel:debates/",
                                "channel:Debates/42",
                                "channel:debates/4 2",
                                "channel:1a/2",
                                "all:x",
                                "*"}) {
    CAPTURE(bad);
    CHECK(read({{"topics", bad}}).bad.field == "topics");
  }
  CHECK(read({{"topics", "channel:" + std::string(32, 'a') + "/1"}}).bad.field.empty());
  CHECK(read({{"topics", "channel:" + std::string(33, 'a') + "/1"}}).bad.field == "topics");
}

TEST_CASE("[S0.13] query: sixteen topics, not seventeen") {
  std::string list = "all";
  for (int n = 1; n < 16; ++n) list += ",task:t" + std::to_string(n);
  CHECK(read({{"topics", list}}).filter.topics.size() == 16);
  CHECK(read({{"topics", list + ",task:t16"}}).bad.field == "topics");
}

TEST_CASE("[S0.13] query: types, under either name") {
  CHECK(read({{"types", "thought,action,thought"}}).filter.types ==
        std::vector<std::string>{"action", "thought"});
  CHECK(read({{"type", "thought"}}).filter.types == std::vector<std::string>{"thought"});
  CHECK(read({{"type", "thought"}, {"types", "action"}}).filter.types ==
        std::vector<std::string>{"action", "thought"});
  for (const std::string bad : {"", ",", "a,", ",a", "a,,b"}) {
    CAPTURE(bad);
    CHECK(read({{"types", bad}}).bad.field == "types");
    CHECK(read({{"type", bad}}).bad.field == "type");
  }
  CHECK(read({{"types", std::string(65, 'a')}}).bad.field == "types");
  CHECK(read({{"types", kSixteen}}).bad.field.empty());
  CHECK(read({{"types", kSixteen + ",17"}}).bad.field == "types");
}

TEST_CASE("[S0.13] query: lists of tools, agents, sessions and statuses within their bounds") {
  const Filter filter = read({{"tool", "read_file,echo"},
                              {"agent", "b,a"},
                              {"session", "s"},
                              {"status", "SUCCESS,TOOL_ERROR"}})
                            .filter;
  CHECK(filter.tools == std::vector<std::string>{"echo", "read_file"});
  CHECK(filter.agents == std::vector<std::string>{"a", "b"});
  CHECK(filter.sessions == std::vector<std::string>{"s"});
  CHECK(filter.statuses == std::vector<std::string>{"SUCCESS", "TOOL_ERROR"});
  CHECK(filter.topics == topics({{TopicKind::all, ""}}));
  for (const std::string name : {"tool", "agent", "session", "status"}) {
    CHECK(read({{name, ""}}).bad.field == name);
    CHECK(read({{name, kSixteen}}).bad.field.empty());
    CHECK(read({{name, kSixteen + ",17"}}).bad.field == name);
    CHECK(read({{name, std::string(129, 'a')}}).bad.field == name);
  }
  CHECK(read({{"tool", "any thing"}}).bad.field.empty());
  CHECK(read({{"agent", "a b"}}).bad.field == "agent");
  CHECK(read({{"status", std::string(65, 'a')}}).bad.field == "status");
}

TEST_CASE("[S0.13] query: min_duration_ms is a number, not negative") {
  CHECK(read({{"min_duration_ms", "12.5"}}).filter.min_duration_ms == 12.5);
  CHECK(read({{"min_duration_ms", "0"}}).filter.min_duration_ms == 0.0);
  for (const std::string bad :
       {"", "x", "1x", "-1", "-0", "inf", "nan", "1e999", " 1", "+1", "0x1"}) {
    CAPTURE(bad);
    CHECK(read({{"min_duration_ms", bad}}).bad.field == "min_duration_ms");
  }
}

TEST_CASE("[S0.13] query: an id outside its grammar is refused by name") {
  for (const std::string name : {"taskId", "sessionId", "agentId"}) {
    CHECK(read({{name, ""}}).bad.field == name);
    CHECK(read({{name, "a b"}}).bad.field == name);
    CHECK(read({{name, std::string(129, 'a')}}).bad.field == name);
    CHECK(read({{name, std::string(128, 'a')}}).bad.field.empty());
    CHECK(read({{name, "t-42"}}, true).bad.field == name);
    CHECK(read({{name, kUuid}}, true).bad.field.empty());
  }
  CHECK(read({{"topics", "task:t-42"}}, true).bad.field == "topics");
  CHECK(read({{"topics", "task:" + kUuid}}, true).bad.field.empty());
  CHECK(read({{"unknown", "a b"}}).bad.field.empty());
}
