#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "protocol/json.h"
#include "tests/support/mcp_fixture/fixture.h"

namespace devs {
namespace {

std::string quoted_block(std::string_view type, std::string_view data, std::string_view mime) {
  return R"({"type":")" + std::string(type) + R"(","data":")" + std::string(data) +
         R"(","mimeType":")" + std::string(mime) + "\"}";
}

std::string text_block(std::string_view text) {
  return R"({"type":"text","text":)" + json_string(text) + "}";
}

constexpr std::string_view kSchema2020 =
    R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",)"
    R"("$defs":{"address":{"$anchor":"addressDef","type":"object","properties":)"
    R"({"street":{"type":"string"},"city":{"type":"string"}}}},)"
    R"("properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},)"
    R"("contactMethod":{"type":"string","enum":["phone","email"]},)"
    R"("phone":{"type":"string"},"email":{"type":"string"}},)"
    R"("allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],)"
    R"("if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},)"
    R"("then":{"required":["phone"]},"else":{"required":["email"]},"additionalProperties":false})";

constexpr std::string_view kHeaderSchema =
    R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},)"
    R"("level":{"type":"integer","x-mcp-header":"Level"}},"required":["region"]})";

ToolOutcome with_logging(const ToolRun& run) {
  for (const char* words :
       {"Tool execution started", "Tool processing data", "Tool execution completed"}) {
    if (run.log) run.log(LogLevel::info, "fixture", json_string(words));
    pause(run);
  }
  return text_outcome("Logged three times.");
}

ToolOutcome with_progress(const ToolRun& run) {
  for (const int done : {0, 50, 100}) {
    if (run.progress) run.progress(R"({"progress":)" + std::to_string(done) + R"(,"total":100})");
    pause(run);
  }
  return text_outcome("Progressed to 100.");
}

ToolOutcome after_reconnection(const ToolRun& run) {
  if (run.let_poll) run.let_poll(std::chrono::milliseconds(500));
  pause(run);
  return text_outcome("The answer came after the stream had ended.");
}

}  // namespace

void pause(const ToolRun& run, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any nothing;
  std::unique_lock lock(mutex);
  nothing.wait_for(lock, run.stop, time, [] { return false; });
}

ToolOutcome content_of(std::string_view blocks) {
  ToolOutcome outcome;
  outcome.result = "{\"content\":[" + std::string(blocks) + "]}";
  return outcome;
}

void add_fixture_tools(OrchestratorServer& server) {
  const auto add = [&server](std::string_view name, std::string_view description,
                             ToolFunction function, std::string_view schema = kNoArguments) {
    must(server.add_tool(make_tool_spec(name, description, schema), std::move(function)));
  };
  add("test_simple_text", "Answers with one text.",
      [](const ToolRun&) { return text_outcome("This is a simple text response for testing."); });
  add("test_error_handling", "Always fails.", [](const ToolRun&) {
    return text_outcome("This tool intentionally returns an error for testing",
                        CallStatus::tool_error);
  });
  add("test_image_content", "Answers with an image.",
      [](const ToolRun&) { return content_of(quoted_block("image", kPng, "image/png")); });
  add("test_audio_content", "Answers with a sound.",
      [](const ToolRun&) { return content_of(quoted_block("audio", kWav, "audio/wav")); });
  add("test_embedded_resource", "Answers with a resource.", [](const ToolRun&) {
    return content_of(
        R"({"type":"resource","resource":{"uri":"test://embedded-resource",)"
        R"("mimeType":"text/plain","text":"This is an embedded resource content."}})");
  });
  add("test_multiple_content_types", "Answers with text, image and resource.", [](const ToolRun&) {
    return content_of(
        text_block("Multiple content types test:") + "," +
        quoted_block("image", kPng, "image/png") +
        R"(,{"type":"resource","resource":{"uri":"test://mixed-content-resource",)"
        R"("mimeType":"application/json","text":"{\"test\":\"data\",\"value\":123}"}})");
  });
  add("test_tool_with_logging", "Logs three times.", with_logging);
  add("test_logging_tool", "Logs once.", [](const ToolRun& run) {
    if (run.log) run.log(LogLevel::info, "fixture", json_string("Logged once"));
    return text_outcome("Logged once.");
  });
  add("test_reconnection", "Lets its client hang up and come back.", after_reconnection);
  add("test_tool_with_progress", "Reports 0, 50 and 100.", with_progress);
  add(
      "json_schema_2020_12_tool", "Has a schema of many keywords.",
      [](const ToolRun&) { return text_outcome("The schema is in the list."); }, kSchema2020);
  add(
      "test_x_mcp_header", "Has arguments that headers repeat.",
      [](const ToolRun& run) { return text_outcome(run.arguments); }, kHeaderSchema);
  add(
      "greet", "Says hello.",
      [](const ToolRun& run) {
        return text_outcome("Hello, " + JsonView(run.arguments)["name"].string().value_or("") +
                            "!");
      },
      R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})");

  // Really changes the lists: what comes at the first call goes at the second.
  add("test_trigger_tool_change", "Adds a tool, or takes it away.",
      [&server, there = std::make_shared<std::atomic<bool>>(false)](const ToolRun&) {
        std::vector<std::pair<ToolSpec, ToolFunction>> tools;
        if (!there->exchange(!*there))
          tools.emplace_back(make_tool_spec("test_toggled_tool", "Comes and goes.", kNoArguments),
                             [](const ToolRun&) { return text_outcome("here"); });
        server.set_tools("toggled", std::move(tools));
        return text_outcome("The list of tools has changed.");
      });
  add("test_trigger_prompt_change", "Adds a prompt, or takes it away.", [&server](const ToolRun&) {
    const std::string name = "test_toggled_prompt";
    if (!server.remove_prompt(name))
      must(server.add_prompt(name, prompt_json(name, "Comes and goes.", {}), [](const ToolRun&) {
        ToolOutcome outcome;
        outcome.result = R"({"messages":[{"role":"user","content":)"
                         R"({"type":"text","text":"here"}}]})";
        return outcome;
      }));
    return text_outcome("The list of prompts has changed.");
  });
}

}  // namespace devs
