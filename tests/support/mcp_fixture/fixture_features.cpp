#include <chrono>
#include <condition_variable>
#include <mutex>

#include "protocol/json.h"
#include "tests/support/mcp_fixture/fixture.h"

namespace devs {
namespace {

constexpr std::string_view kIcons =
    R"("icons":[{"src":"https://example.com/icon.png","mimeType":"image/png","sizes":["48x48"]}])";

// `object` with `members` beside its own.
std::string with_members(std::string object, std::string_view members) {
  object.insert(object.size() - 1, "," + std::string(members));
  return object;
}

ToolOutcome weather(const ToolRun& run) {
  const std::string facts =
      "{\"city\":" + json_string(JsonView(run.arguments)["city"].string().value_or("")) +
      ",\"celsius\":21.5}";
  ToolOutcome outcome;
  outcome.result = "{\"content\":[{\"type\":\"text\",\"text\":" + json_string(facts) +
                   "}],\"structuredContent\":" + facts + "}";
  return outcome;
}

ToolOutcome ask_for_consent(const ToolRun& run) {
  const JsonView answer = run.client.answer("consent");
  if (answer.present()) return text_outcome("Consent: " + answer["action"].string().value_or("?"));
  return ask_client({{"consent", "elicitation/create",
                      R"({"mode":"url","message":"Please agree",)"
                      R"("url":"https://example.com/consent?for=fixture"})"}});
}

// Says that it runs, and then waits to be told that nobody wants it any more.
ToolOutcome until_cancelled(const ToolRun& run) {
  run.progress(R"({"progress":1})");
  std::mutex mutex;
  std::condition_variable_any nothing;
  std::unique_lock lock(mutex);
  nothing.wait_for(lock, run.stop, std::chrono::minutes(1), [] { return false; });
  return text_outcome("Nobody cancelled.");
}

void add_weather(OrchestratorServer& server) {
  ToolSpec spec = make_tool_spec(
      "test_structured_content", "The weather, as text and as structured content.",
      R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})",
      R"({"readOnlyHint":true})");
  spec.json = with_members(
      std::move(spec.json),
      R"("title":"Weather","outputSchema":{"type":"object","properties":)"
      R"({"city":{"type":"string"},"celsius":{"type":"number"}},"required":["city","celsius"]},)" +
          std::string(kIcons));
  must(server.add_tool(std::move(spec), weather));
}

}  // namespace

void add_fixture_features(OrchestratorServer& server) {
  const auto add = [&server](std::string_view name, std::string_view description,
                             ToolFunction function) {
    must(server.add_tool(make_tool_spec(name, description, kNoArguments), std::move(function)));
  };
  add_weather(server);
  add("test_elicitation_url", "Asks to visit a page.", ask_for_consent);
  add("test_until_cancelled", "Ends when it is cancelled.", until_cancelled);
  add("test_update_resource", "Says that the watched resource has changed.",
      [&server](const ToolRun&) {
        server.resource_updated("test://watched-resource");
        return text_outcome("The resource has changed.");
      });
  add("test_trigger_resource_change", "Adds a resource, or takes it away.",
      [&server](const ToolRun&) {
        const std::string uri = "test://toggled-resource";
        if (!server.remove_resource(uri))
          must(server.add_resource(
              uri, resource_json(uri, "toggled", "Comes and goes.", "text/plain"),
              [](const ToolRun&) {
                ToolOutcome outcome;
                outcome.result =
                    R"({"contents":[{"uri":"test://toggled-resource","text":"here"}]})";
                return outcome;
              }));
        return text_outcome("The list of resources has changed.");
      });
  const std::string uri = "test://with-icon";
  must(server.add_resource(
      uri, with_members(resource_json(uri, "with-icon", "Has an icon.", "text/plain"), kIcons),
      [uri](const ToolRun&) {
        ToolOutcome outcome;
        outcome.result = "{\"contents\":[{\"uri\":" + json_string(uri) + R"(,"text":"drawn"}]})";
        return outcome;
      }));
  must(server.add_prompt(
      "test_prompt_with_icon",
      with_members(prompt_json("test_prompt_with_icon", "Has an icon.", {}), kIcons),
      [](const ToolRun&) {
        ToolOutcome outcome;
        outcome.result = R"({"messages":[{"role":"assistant","content":)"
                         R"({"type":"text","text":"drawn"}}]})";
        return outcome;
      }));
}

}  // namespace devs
