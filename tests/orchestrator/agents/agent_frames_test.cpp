#include "orchestrator/agents/agent_frames.h"

#include <doctest/doctest.h>

#include <string>

#include "orchestrator/agents/agent_answers.h"
#include "orchestrator/agents/agent_events.h"
#include "protocol/json.h"

namespace devs {
namespace {

const std::string kStamp = "1795224245120000001";
const std::string kIso = "2026-11-21T01:24:05.120Z";
const std::string kContext =
    R"({"orgSlug":"acme","userId":"u1","conversationId":"c-9","taskId":"t-42",)"
    R"("planId":"00000000-0000-0000-0000-000000000000",)"
    R"("deliverableId":"00000000-0000-0000-0000-000000000000","agentSlug":"writer",)"
    R"("agentType":"","provider":"","model":"m-1"})";

AgentTaskCard card() {
  AgentTaskCard made;
  made.id = made.stream_id = "t-42";
  made.owner = "u1";
  made.org = "acme";
  made.agent = "writer";
  made.conversation_id = "c-9";
  made.mode = "converse";
  made.user_message = "write it";
  made.model = "m-1";
  return made;
}

std::string envelope(const std::string& type, const std::string& rest) {
  return R"({"type":")" + type + R"(","turn_index":0,"timestamp_ns":")" + kStamp +
         R"(","agent_id":"writer","session_id":"c-9","task_id":"t-42",)" + rest + '}';
}
std::string lifecycle(const std::string& payload) {
  return envelope("lifecycle", R"("payload":)" + payload);
}

struct Frames {
  explicit Frames(std::string text) : body(std::move(text)), facts(facts_of(body)) {}
  EntryView view() const { return EntryView(7, body, facts, "owner:u1"); }
  std::string agent(const AgentTaskCard* of) const {
    std::string out;
    append_agent_frames(out, of, view(), "E-7");
    return out;
  }
  std::string agent() const {
    const AgentTaskCard mine = card();
    return agent(&mine);
  }
  std::string progress() const {
    std::string out;
    append_progress_frame(out, view(), "E-7");
    return out;
  }
  std::string admin() const {
    const AgentTaskCard mine = card();
    return admin_record(&mine, view());
  }
  const std::string body;
  const EnvelopeFacts facts;
};

std::string event(const std::string& rest) {
  return R"({"context":)" + kContext +
         R"(,"streamId":"t-42","mode":"converse","userMessage":"write it","timestamp":")" + kIso +
         R"(",)" + rest + '}';
}
std::string chunk(const std::string& type, const std::string& content,
                  const std::string& metadata) {
  return event(R"("chunk":{"type":")" + type + R"(","content":)" + content + R"(,"metadata":{)" +
               metadata + "}}");
}

}  // namespace

TEST_CASE("[S1.2] agent frames: what begins is a chunk of progress 0") {
  CHECK(
      Frames(lifecycle(R"({"event":"TASK_STARTED","status":"pending","title":"Write"})")).agent() ==
      "id: E-7\nevent: agent_stream_chunk\ndata: " +
          chunk("progress", R"("Write")",
                R"("progress":0,"status":"pending","hookEventType":"agent.started","payload":{})") +
          "\n\n");
}

TEST_CASE("[S1.2] agent frames: progress is a chunk and a task_progress, the id on the last") {
  const Frames frames(lifecycle(
      R"({"event":"TASK_PROGRESS","status":"running","progress":40,"message":"half","step":"read",)"
      R"("sequence":3,"total_steps":7,"payload":{"k":1}})"));
  CHECK(
      frames.agent() ==
      "event: agent_stream_chunk\ndata: " +
          chunk(
              "progress", R"("half")",
              R"("progress":40,"step":"read","message":"half","status":"running",)"
              R"("hookEventType":"agent.progress","payload":{"k":1},"sequence":3,"totalSteps":7)") +
          "\n\nid: E-7\nevent: task_progress\ndata: {\"context\":" + kContext +
          R"(,"progress":40,"message":"half","status":"running","timestamp":")" + kIso + "\"}\n\n");
  CHECK(frames.progress() ==
        "id: E-7\ndata: {\"taskId\":\"t-42\",\"status\":\"running\",\"progress\":40,"
        "\"message\":\"half\",\"timestamp\":\"" +
            kIso + "\"}\n\n");
}

TEST_CASE("[S1.2] agent frames: a thought and an action are progress, named by what they are") {
  CHECK(
      Frames(envelope("thought", R"("payload":{"analysis":{"reasoning_chain":"look first"}})"))
          .agent() ==
      "id: E-7\nevent: agent_stream_chunk\ndata: " +
          chunk(
              "progress", R"("look first")",
              R"("step":"thought","status":"running","hookEventType":"agent.progress","payload":{})") +
          "\n\n");
  CHECK(Frames(envelope("action",
                        R"("tool_call_id":"c","payload":{"tool_call":{"tool_name":"read_file",)"
                        R"("arguments":{"path":"a"}}})"))
            .agent() ==
        "id: E-7\nevent: agent_stream_chunk\ndata: " +
            chunk("progress", R"x("read_file({\"path\":\"a\"})")x",
                  R"("step":"read_file","status":"running","hookEventType":"agent.progress",)"
                  R"("payload":{})") +
            "\n\n");
}

TEST_CASE("[S1.2] agent frames: an observation is a partial chunk that carries its envelope") {
  const std::string body =
      envelope("observation", R"("tool_call_id":"c","exit_code":0,"stdout":"hello\n","stderr":"",)"
                              R"("encoding":"utf8","metadata":{"status":"SUCCESS",)"
                              R"("tool_name":"read_file"},"payload":{})");
  CHECK(Frames(body).agent() ==
        "id: E-7\nevent: agent_stream_chunk\ndata: " +
            chunk("partial", R"("hello\n")",
                  R"("step":"read_file","status":"running","hookEventType":"agent.progress",)"
                  R"("payload":)" +
                      body) +
            "\n\n");
  CHECK(Frames(body).progress().empty());
}

TEST_CASE(
    "[S1.2] agent frames: the output of an observation is cut at 65536 bytes, whole letters") {
  std::string text;
  while (text.size() < 70'000) text += "\u00e9";
  const std::string body =
      envelope("observation", R"("tool_call_id":"c","exit_code":0,"stdout":)" + json_string(text) +
                                  R"(,"stderr":"","encoding":"utf8","payload":{})");
  const std::string frame = Frames(body).agent();
  const std::size_t data = frame.find("data: ") + 6;
  const JsonView told(std::string_view(frame).substr(data, frame.size() - data - 2));
  const std::string content = told["chunk"]["content"].string().value();
  CHECK(content.size() == 65'536);
  CHECK(text.starts_with(content));
}

TEST_CASE("[S1.2] agent frames: the end is a final chunk and complete") {
  CHECK(
      Frames(lifecycle(R"({"event":"TASK_COMPLETED","status":"completed","result":"done"})"))
          .agent() ==
      "event: agent_stream_chunk\ndata: " +
          chunk(
              "final", R"("done")",
              R"("progress":100,"status":"completed","hookEventType":"task.completed","payload":{})") +
          "\n\nid: E-7\nevent: agent_stream_complete\ndata: " + event(R"("type":"complete")") +
          "\n\n");
}

TEST_CASE("[S1.2] agent frames: what failed or was cancelled is an error") {
  CHECK(
      Frames(lifecycle(R"({"event":"TASK_FAILED","status":"failed","error":"no disk"})")).agent() ==
      "id: E-7\nevent: agent_stream_error\ndata: " + event(R"("type":"error","error":"no disk")") +
          "\n\n");
  CHECK(Frames(lifecycle(R"({"event":"TASK_CANCELLED","status":"cancelled","reason":"why"})"))
            .agent() == "id: E-7\nevent: agent_stream_error\ndata: " +
                            event(R"("type":"error","error":"cancelled")") + "\n\n");
}

TEST_CASE("[S1.2] agent frames: a closed gate waits for a person") {
  const Frames frames(
      envelope("hitl", R"("payload":{"event":"HITL_GATE_REQUIRED","reason":"may it?"})"));
  CHECK(frames.agent() ==
        "id: E-7\nevent: agent_stream_chunk\ndata: " +
            chunk("progress", R"("may it?")",
                  R"("status":"hitl_waiting","hookEventType":"agent.progress","payload":{})") +
            "\n\n");
}

TEST_CASE("[S1.2] agent frames: of a task nobody knows ids are the nil UUID and names are empty") {
  const std::string body =
      R"({"type":"thought","timestamp_ns":")" + kStamp + R"(","task_id":"t-1","payload":{}})";
  const EnvelopeFacts facts = facts_of(body);
  CHECK(agent_context(nullptr, EntryView(1, body, facts)) ==
        R"({"orgSlug":"","userId":"00000000-0000-0000-0000-000000000000",)"
        R"("conversationId":"00000000-0000-0000-0000-000000000000","taskId":"t-1",)"
        R"("planId":"00000000-0000-0000-0000-000000000000",)"
        R"("deliverableId":"00000000-0000-0000-0000-000000000000","agentSlug":"","agentType":"",)"
        R"("provider":"","model":""})");
}

TEST_CASE("[S1.2] agent frames: entries that say nothing of a task are no frames") {
  CHECK(Frames(envelope("system", R"("payload":{"event":"UPSTREAM_DOWN"})")).agent().empty());
  CHECK(Frames(lifecycle(R"({"event":"SESSION_STARTED"})")).agent().empty());
}

TEST_CASE("[S1.15] admin record: the context, what happened, and the envelope as it is") {
  const Frames frames(lifecycle(
      R"({"event":"TASK_PROGRESS","status":"running","progress":40,"message":"half","step":"read_file"})"));
  CHECK(frames.admin() ==
        R"({"context":)" + kContext +
            R"(,"source_app":"mcp-orchestrator","hook_event_type":"agent.progress",)"
            R"("status":"running","message":"half","progress":40,"step":"read_file","payload":)" +
            frames.body + R"(,"timestamp":1795224245120})");
}

TEST_CASE("[S1.1] a creation's answer names every streaming field, absolute ones too") {
  const std::string path = "/agent-to-agent/acme/writer/tasks/t-42/stream";
  CHECK(created_json(card(), "http://127.0.0.1:3100") ==
        R"({"success":true,"mode":"converse","payload":{"content":{"taskId":"t-42",)"
        R"("status":"pending"},"metadata":{"streamEndpoint":")" +
            path + R"(","streamTokenEndpoint":")" + path +
            R"(-token","streaming":{"streamEndpoint":")" + path + R"(","streamTokenEndpoint":")" +
            path + R"(-token","streamUrl":"http://127.0.0.1:3100)" + path +
            R"(","streamTokenUrl":"http://127.0.0.1:3100)" + path +
            R"(-token","streamId":"t-42","conversationId":"c-9"}}}})");
}

}  // namespace devs
