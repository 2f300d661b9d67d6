// An MCP server over stdio that misbehaves on demand: its flags say how it lives,
// its tools say how it answers.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_rpc.h"
#include "tests/support/fake_upstream_settings.h"
#include "tests/support/self_portrait.h"

namespace devs {
namespace {

struct Held {
  std::string id, key;
};

FakeUpstreamSettings settings;
std::vector<Held> held;
std::string cancelled = "[";
std::map<std::string, std::string> answer_when_cancelled;
std::string last_request_answer;
std::map<std::string, std::string> tool_of_task;  // by the token of its id
std::vector<std::string> argv_seen;

// --- words ---

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (wrote <= 0) std::_Exit(3);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}
void say(const std::string& line) {
  write_all(line + settings.line_end);
}

std::string text_result(std::string_view text, std::string_view structured = {}) {
  std::string out = R"({"content":[{"type":"text","text":)";
  append_json_string(out, text);
  out += "}]";
  if (!structured.empty()) out.append(R"(,"structuredContent":)").append(structured);
  return out + "}";
}
void answer(std::string_view id, std::string_view text, std::string_view structured = {}) {
  say(encode_rpc_result(id, text_result(text, structured)));
}

void append_pid(pid_t pid) {
  if (settings.pid_file.empty()) return;
  std::ofstream(settings.pid_file, std::ios::app) << pid << std::endl;
}

// --- tools ---

struct Call {
  std::string id;
  std::string arguments;
  std::string meta;
  std::string task{};
  std::string text(std::string_view name) const {
    return JsonView(arguments)[name].string().value_or("");
  }
  std::int64_t number(std::string_view name) const {
    return JsonView(arguments)[name].integer().value_or(0);
  }
};

void send_progress(const Call& call, std::string_view value) {
  const std::string token(JsonView(call.meta)["progressToken"].text());
  if (token.empty()) return;
  say(encode_rpc_notification("notifications/progress", R"({"progressToken":)" + token +
                                                            R"(,"progress":)" + std::string(value) +
                                                            R"(,"message":"step"})"));
}

void answer_shuffled() {
  std::shuffle(held.begin(), held.end(), std::mt19937(7));
  for (const Held& call : held) answer(call.id, call.key);
  held.clear();
}

// The answer, padded so that its line has exactly that many bytes.
void answer_with_line_of(const Call& call, std::size_t bytes) {
  const std::string empty = encode_rpc_result(call.id, text_result(""));
  say(encode_rpc_result(call.id, text_result(std::string(bytes - empty.size(), 'x'))));
}

bool read_one();

using ToolBody = std::function<void(const Call&)>;
const std::map<std::string, ToolBody>& bodies() {
  static const std::map<std::string, ToolBody> table{
      {"echo", [](const Call& c) { answer(c.id, c.text("text"), c.arguments); }},
      {"meta", [](const Call& c) { answer(c.id, "meta", c.meta.empty() ? "{}" : c.meta); }},
      {"dump", [](const Call& c) { answer(c.id, "dump", self_portrait(argv_seen)); }},
      // Answers when `of` are held, in another order.
      {"hold",
       [](const Call& c) {
         held.push_back({c.id, c.text("key")});
         if (static_cast<std::int64_t>(held.size()) == c.number("of")) answer_shuffled();
       }},
      {"progress",
       [](const Call& c) {
         for (const char* value : {"1", "2", "2", "1", "3.5"}) send_progress(c, value);
         answer(c.id, "done");
       }},
      {"never", [](const Call&) {}},
      // Answers once it was cancelled, which is too late.
      {"late", [](const Call& c) { answer_when_cancelled[c.id] = text_result("late"); }},
      {"cancelled", [](const Call& c) { answer(c.id, "cancelled", cancelled + "]"); }},
      {"twice",
       [](const Call& c) {
         answer(c.id, "first");
         answer(c.id, "second");
       }},
      {"wrong_id",
       [](const Call& c) {
         answer("999999", "wrong");
         answer("\"" + c.id + "\"", "a string is not our integer");
         answer(c.id, "right");
       }},
      {"error",
       [](const Call& c) {
         say(encode_rpc_error(c.id, {-32042, "not like this", R"({"why":[1.10]})"}));
       }},
      {"is_error",
       [](const Call& c) {
         say(encode_rpc_result(
             c.id, R"({"isError":true,"content":[{"type":"text","text":"no such file"}]})"));
       }},
      {"exit", [](const Call& c) { std::_Exit(static_cast<int>(c.number("code"))); }},
      {"signal", [](const Call& c) { ::raise(static_cast<int>(c.number("signal"))); }},
      {"half_line",
       [](const Call& c) {
         const std::string whole = encode_rpc_result(c.id, text_result("half"));
         write_all(std::string_view(whole).substr(0, whole.size() / 2));
         std::_Exit(0);
       }},
      {"line",
       [](const Call& c) { answer_with_line_of(c, static_cast<std::size_t>(c.number("bytes"))); }},
      {"twice_named",
       [](const Call& c) {
         say(R"({"jsonrpc":"2.0","id":)" + c.id + R"(,"result":{"a":1,"a":2}})");
       }},
      {"junk",
       [](const Call& c) {
         for (std::int64_t i = 0; i < c.number("lines"); ++i) say("this is no message");
         answer(c.id, "after the junk");
       }},
      {"stderr",
       [](const Call& c) {
         const std::string line = std::string(99, 'e') + "\n";
         for (std::int64_t i = 0; i < c.number("lines"); ++i)
           if (::write(STDERR_FILENO, line.data(), line.size()) < 0) break;
         answer(c.id, "said");
       }},
      // Asks the client, and answers with what it said.
      {"ask",
       [](const Call& c) {
         last_request_answer.clear();
         say(encode_rpc_request("\"s-1\"", c.text("method"), {}));
         while (last_request_answer.empty() && read_one()) {
         }
         answer(c.id, "asked", last_request_answer);
       }},
      {"retool",
       [](const Call& c) {
         settings.tools.clear();
         JsonView(c.arguments)["names"].each_element(
             [](JsonView name) { settings.tools.push_back(name.string().value_or("")); });
         for (int i = 0; i < 3; ++i)
           say(encode_rpc_notification("notifications/tools/list_changed", {}));
         answer(c.id, "changed");
       }},
      {"stop_reading",
       [](const Call& c) {
         answer(c.id, "deaf from now on");
         for (;;) ::pause();
       }},
  };
  return table;
}

// --- tasks of 2025-11-25 ---

const std::vector<std::string> kTaskTools{"task_text", "task_fails", "task_error", "task_never",
                                          "task_refused"};

void begin_task(const Call& call, const std::string& tool) {
  if (call.task.empty()) return answer(call.id, "no task");
  if (tool == "task_refused") return answer(call.id, "no task of it", call.task);
  const std::string id = "\"of-" + call.id + "\"";
  tool_of_task[id] = tool;
  say(encode_rpc_result(call.id, R"({"task":{"taskId":)" + id +
                                     R"(,"status":"working","createdAt":"2026-11-30T00:00:00Z",)"
                                     R"("lastUpdatedAt":"2026-11-30T00:00:00Z","ttl":3600000}})"));
}

void end_task(std::string_view request, const std::string& id) {
  const std::string& tool = tool_of_task[id];
  const std::string meta =
      R"("_meta":{"io.modelcontextprotocol/related-task":{"taskId":)" + id + "}}";
  if (tool == "task_text") {
    say(encode_rpc_result(request, R"({"content":[{"type":"text","text":"of a task"}],)" + meta +
                                       R"(,"structuredContent":{"n":1.10}})"));
  } else if (tool == "task_fails") {
    say(encode_rpc_result(request, R"({"isError":true,"content":[],)" + meta + "}"));
  } else if (tool == "task_error") {
    say(encode_rpc_error(request, {-32042, "not like this", {}}));
  }  // task_never: until it is cancelled
}

void cancel_task(const RpcMessage& message) {
  if (cancelled.size() > 1) cancelled += ',';
  cancelled += message.params.text();
  say(encode_rpc_result(message.id, "{}"));
}

// --- messages ---

// What follows the name of a tool as people write them.
constexpr const char* kPlainTool =
    R"(,"description":"Searches the records of one customer and returns those that match, the )"
    R"(newest first, as many as are asked for.","inputSchema":{"type":"object","properties":{)"
    R"("customer":{"type":"string","description":"Number of the customer."},)"
    R"("words":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":100}},)"
    R"("required":["customer"]},"annotations":{"readOnlyHint":true}})";

void list_tools(const RpcMessage& message) {
  std::vector<std::string> names = settings.tools;
  if (settings.tasks) names.insert(names.end(), kTaskTools.begin(), kTaskTools.end());
  for (int i = 0; i < settings.many; ++i) names.push_back("tool_" + std::to_string(i));
  if (names.empty())
    for (const auto& [name, body] : bodies()) names.push_back(name);
  std::size_t from = 0;
  std::size_t to = names.size();
  const std::size_t page = settings.pages ? 1 : settings.many > 0 ? 1000 : 0;
  if (page > 0) {
    from = static_cast<std::size_t>(
        std::atoi(message.params["cursor"].string().value_or("0").c_str()));
    to = std::min(names.size(), from + page);
  }
  std::string out = R"({"tools":[)";
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) out += ',';
    if (settings.many > 0) {
      out += "{\"name\":" + json_string(names[i]) + kPlainTool;
      continue;
    }
    out += R"({"title":"T","name":)" + json_string(names[i]) +
           R"(,"description":"does \u0041","inputSchema":{"type":"object"})";
    if (names[i].starts_with("task_")) out += R"(,"execution":{"taskSupport":"required"})";
    out += '}';
  }
  out += ']';
  if (to < names.size()) out += R"(,"nextCursor":")" + std::to_string(to) + "\"";
  say(encode_rpc_result(message.id, out + "}"));
}

void on_request(const RpcMessage& message) {
  if (message.method == "initialize") {
    if (settings.refuse) {
      say(encode_rpc_error(message.id, {-32603, "not today", {}}));
      return;
    }
    const std::string tasks =
        settings.tasks ? R"(,"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}})" : "";
    say(encode_rpc_result(message.id, R"({"protocolVersion":")" + settings.revision +
                                          R"(","capabilities":{"tools":{"listChanged":true})" +
                                          tasks + "}," +
                                          R"("serverInfo":{"name":"fake","version":"1"}})"));
  } else if (message.method == "tools/list") {
    list_tools(message);
  } else if (message.method == "tools/call") {
    const Call call{std::string(message.id), std::string(message.params["arguments"].text()),
                    std::string(message.params["_meta"].text()),
                    std::string(message.params["task"].text())};
    const std::string name = message.params["name"].string().value_or("");
    if (name.starts_with("task_")) return begin_task(call, name);
    const auto body = bodies().find(name);
    if (body != bodies().end()) {
      body->second(call);
    } else {
      answer(call.id, "I am " + name);
    }
  } else if (message.method == "tasks/result") {
    end_task(message.id, std::string(message.params["taskId"].text()));
  } else if (message.method == "tasks/cancel") {
    cancel_task(message);
  } else {
    say(encode_rpc_result(message.id, "{}"));
  }
}

void on_cancelled(JsonView params) {
  if (cancelled.size() > 1) cancelled += ',';
  cancelled += params.text();
  const auto late = answer_when_cancelled.find(std::string(params["requestId"].text()));
  if (late != answer_when_cancelled.end()) say(encode_rpc_result(late->first, late->second));
}

// One line from the client; false at the end of input.
bool read_one() {
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  if (settings.silent) return true;
  const Result<std::string> compact = compact_json(line, kUpstreamJson);
  if (!compact.ok()) std::_Exit(4);
  const auto decoded = decode_rpc(*compact);
  const RpcMessage* message = std::get_if<RpcMessage>(&decoded);
  if (message == nullptr) std::_Exit(5);
  if (message->kind == RpcMessage::Kind::response)
    last_request_answer = message->error.present() ? message->error.text() : message->result.text();
  if (message->kind == RpcMessage::Kind::request) on_request(*message);
  if (message->method == "notifications/cancelled") on_cancelled(message->params);
  return true;
}

// --- its life ---

// A daemon: another session, TERM ignored, its parent gone.  Returns when it lives.
void spawn_grandchild() {
  std::array<int, 2> lives{};
  if (::pipe2(lives.data(), O_CLOEXEC) != 0) std::_Exit(6);
  if (::fork() == 0) {
    if (::fork() != 0) std::_Exit(0);
    ::setsid();
    ::signal(SIGTERM, SIG_IGN);
    append_pid(::getpid());
    ::close(lives[0]);
    ::close(lives[1]);
    for (;;) ::pause();
  }
  ::close(lives[1]);
  char none = 0;
  static_cast<void>(::read(lives[0], &none, 1) == 0);
  ::close(lives[0]);
}

void watch_for_company() {
  const int lock = ::open(settings.alone_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)  // held by another child, still alive
    static_cast<void>(::write(lock, "not alone\n", 10));
}

int live() {
  append_pid(::getpid());
  if (!settings.alone_file.empty()) watch_for_company();
  if (settings.stubborn) ::signal(SIGTERM, SIG_IGN);
  if (settings.grandchild) spawn_grandchild();
  if (settings.exit_at_once >= 0) return settings.exit_at_once;
  for (int i = 0; i < settings.banner; ++i) say("Welcome to the fake server!");
  while (read_one()) {
  }
  while (settings.stubborn) ::pause();
  return 0;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  devs::argv_seen.assign(argv, argv + argc);
  devs::settings = devs::fake_upstream_settings(devs::argv_seen);
  return devs::live();
}
