#include "protocol/json.h"
#include "tests/support/mcp_fixture/fixture.h"

namespace devs {
namespace {

ToolOutcome contents(std::string_view uri, std::string_view mime, std::string_view member,
                     std::string_view value) {
  ToolOutcome outcome;
  outcome.result = "{\"contents\":[{\"uri\":" + json_string(uri) +
                   ",\"mimeType\":" + json_string(mime) + ",\"" + std::string(member) +
                   "\":" + json_string(value) + "}]}";
  return outcome;
}

// A prompt of one message of the user, whose content is JSON already.
ToolOutcome message(std::string_view content) {
  ToolOutcome outcome;
  outcome.result = "{\"messages\":[{\"role\":\"user\",\"content\":" + std::string(content) + "}]}";
  return outcome;
}
std::string text(std::string_view words) {
  return R"({"type":"text","text":)" + json_string(words) + "}";
}

void add_resources(OrchestratorServer& server) {
  const auto add = [&server](const std::string& uri, std::string_view description,
                             std::string_view mime, std::string_view member,
                             std::string_view value) {
    must(server.add_resource(uri,
                             resource_json(uri, uri.substr(uri.rfind('/') + 1), description, mime),
                             [=](const ToolRun&) { return contents(uri, mime, member, value); }));
  };
  add("test://static-text", "A text.", "text/plain", "text",
      "This is the content of the static text resource.");
  add("test://static-binary", "A picture.", "image/png", "blob", kPng);
  add("test://watched-resource", "A resource to subscribe to.", "text/plain", "text",
      "Watched resource content");
  const std::string id = "test://template/{id}/data";
  must(server.add_resource_template(
      id, resource_template_json(id, "template-data", "Data by its id.", "application/json"),
      [](const ToolRun& run) {
        const JsonView arguments(run.arguments);
        const std::string uri = arguments["uri"].string().value_or("");
        const std::string which = arguments["variables"]["id"].string().value_or("");
        return contents(uri, "application/json", "text",
                        "{\"id\":" + json_string(which) +
                            ",\"data\":" + json_string("Data for ID: " + which) + "}");
      }));
}

void add_prompts(OrchestratorServer& server) {
  const auto add = [&server](const std::string& name, std::string_view description,
                             const std::vector<PromptArgument>& arguments, ToolFunction function,
                             CompletionFunction complete = {}) {
    must(server.add_prompt(name, prompt_json(name, description, arguments), std::move(function),
                           std::move(complete)));
  };
  add("test_simple_prompt", "One message.", {},
      [](const ToolRun&) { return message(text("This is a simple prompt for testing.")); });
  add(
      "test_prompt_with_arguments", "Says its arguments.",
      {{"arg1", "The first.", true}, {"arg2", "The second.", true}},
      [](const ToolRun& run) {
        const JsonView arguments(run.arguments);
        return message(text("Prompt with arguments: arg1='" +
                            arguments["arg1"].string().value_or("") + "', arg2='" +
                            arguments["arg2"].string().value_or("") + "'"));
      },
      [](std::string_view argument, std::string_view typed, JsonView) {
        std::vector<std::string> values;
        for (const char* each : {"testValue1", "testValue2", "other"})
          if (argument == "arg1" && std::string_view(each).starts_with(typed))
            values.emplace_back(each);
        return values;
      });
  add("test_prompt_with_embedded_resource", "Embeds a resource.",
      {{"resourceUri", "Which one.", true}}, [](const ToolRun& run) {
        const std::string uri = JsonView(run.arguments)["resourceUri"].string().value_or("");
        return message("{\"type\":\"resource\",\"resource\":{\"uri\":" + json_string(uri) +
                       R"(,"mimeType":"text/plain","text":"Embedded resource content."}})");
      });
  add("test_prompt_with_image", "Has an image.", {}, [](const ToolRun&) {
    return message(R"({"type":"image","data":")" + std::string(kPng) +
                   R"(","mimeType":"image/png"})");
  });
  add("test_input_required_result_prompt", "Asks for a context.", {}, [](const ToolRun& run) {
    const JsonView answer = run.client.answer("user_context");
    if (!answer.present())
      return ask_client(
          {form("user_context", "In which context?", R"("context":{"type":"string"})")});
    return message(text("Context: " + answer["content"]["context"].string().value_or("?")));
  });
}

}  // namespace

void add_fixture_offers(OrchestratorServer& server) {
  add_resources(server);
  add_prompts(server);
}

}  // namespace devs
