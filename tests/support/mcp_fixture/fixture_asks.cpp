// Tools that ask the client.  One code for both eras: it is called again with answers.
#include "protocol/json.h"
#include "tests/support/mcp_fixture/fixture.h"

namespace devs {
namespace {

constexpr std::string_view kName = R"("name":{"type":"string"})";
constexpr std::string_view kOk = R"("ok":{"type":"boolean"})";

std::string content_text(JsonView answer, const char* member) {
  return answer["content"][member].string().value_or("?");
}

ToolOutcome elicited(const ToolRun& run, ClientQuestion question, std::string_view words) {
  const JsonView answer = run.client.answer(question.key);
  if (!answer.present()) return ask_client({std::move(question)});
  return text_outcome(std::string(words) + ": action=" + answer["action"].string().value_or("?") +
                      ", content=" + std::string(answer["content"].text()));
}

ToolOutcome defaults(const ToolRun& run) {
  return elicited(run,
                  form("defaults", "Please review the values",
                       R"("name":{"type":"string","default":"John Doe"},)"
                       R"("age":{"type":"integer","default":30},)"
                       R"("score":{"type":"number","default":95.5},)"
                       R"("status":{"type":"string","enum":["active","inactive","pending"],)"
                       R"("default":"active"},"verified":{"type":"boolean","default":true})"),
                  "Elicitation completed");
}

ToolOutcome enums(const ToolRun& run) {
  return elicited(
      run,
      form("enums", "Please choose",
           R"("untitledSingle":{"type":"string","enum":["option1","option2","option3"]},)"
           R"("titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First"},)"
           R"({"const":"value2","title":"Second"}]},)"
           R"("legacyEnum":{"type":"string","enum":["opt1","opt2"],"enumNames":["One","Two"]},)"
           R"("untitledMulti":{"type":"array","items":{"type":"string",)"
           R"("enum":["option1","option2","option3"]}},)"
           R"("titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First"},)"
           R"({"const":"value2","title":"Second"}]}})"),
      "Elicitation completed");
}

ToolOutcome many_questions(const ToolRun& run, bool only_declared) {
  std::vector<ClientQuestion> wanted;
  wanted.push_back(form("user_name", "What is your name?", kName));
  wanted.push_back(sample("greeting", "Say hello"));
  wanted.push_back(roots("client_roots"));
  std::vector<ClientQuestion> open;
  for (ClientQuestion& question : wanted) {
    const bool may = may_be_asked(run.client.can, question.method, JsonView(question.params));
    if ((only_declared && !may) || run.client.answer(question.key).present()) continue;
    open.push_back(std::move(question));
  }
  if (!open.empty()) return ask_client(std::move(open), "asked");
  return text_outcome("Hello, " + content_text(run.client.answer("user_name"), "name") + "!");
}

ToolOutcome multi_round(const ToolRun& run) {
  const JsonView first = run.client.answer("step1"), second = run.client.answer("step2");
  if (!first.present()) return ask_client({form("step1", "What is your name?", kName)}, "one");
  if (!second.present())
    return ask_client({form("step2", "Which colour?", R"("color":{"type":"string"})")}, "two");
  return text_outcome(content_text(first, "name") + " likes " + content_text(second, "color"));
}

ToolOutcome with_state(const ToolRun& run) {
  if (!run.client.answer("confirm").present())
    return ask_client({form("confirm", "Go on?", kOk)}, "kept");
  return text_outcome(run.client.state == "kept" ? "state-ok" : "state-lost");
}

}  // namespace

ClientQuestion form(std::string key, std::string_view message, std::string_view properties,
                    std::string_view required) {
  std::string params = "{\"message\":" + json_string(message) +
                       ",\"requestedSchema\":{\"type\":\"object\",\"properties\":{" +
                       std::string(properties) + "}";
  if (required != "[]") params += ",\"required\":" + std::string(required);
  return {std::move(key), "elicitation/create", params + "}}"};
}

ClientQuestion sample(std::string key, std::string_view prompt) {
  return {std::move(key), "sampling/createMessage",
          R"({"messages":[{"role":"user","content":{"type":"text","text":)" + json_string(prompt) +
              R"(}}],"maxTokens":100})"};
}

ClientQuestion roots(std::string key) {
  return {std::move(key), "roots/list", "{}"};
}

void add_fixture_asks(OrchestratorServer& server) {
  const auto add = [&server](const std::string& name, std::string_view description,
                             ToolFunction function, std::string_view schema = kNoArguments) {
    must(server.add_tool(make_tool_spec(name, description, schema), std::move(function)));
  };
  add(
      "test_sampling", "Asks the model.",
      [](const ToolRun& run) {
        const JsonView answer = run.client.answer("sampling");
        if (!answer.present())
          return ask_client(
              {sample("sampling", JsonView(run.arguments)["prompt"].string().value_or(""))});
        return text_outcome("LLM response: " + answer["content"]["text"].string().value_or("?"));
      },
      R"({"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]})");
  add(
      "test_elicitation", "Asks the person.",
      [](const ToolRun& run) {
        return elicited(
            run,
            form("elicitation", JsonView(run.arguments)["message"].string().value_or(""),
                 R"("username":{"type":"string"},"email":{"type":"string"})",
                 R"(["username","email"])"),
            "User response");
      },
      R"({"type":"object","properties":{"message":{"type":"string"}},"required":["message"]})");
  add("test_elicitation_sep1034_defaults", "Asks with defaults.", defaults);
  add("test_elicitation_sep1330_enums", "Asks with all shapes of choices.", enums);
  add("test_missing_capability", "Needs sampling.", [](const ToolRun& run) {
    if (!run.client.can.sampling) return lacks_capability(R"({"sampling":{}})");
    return text_outcome("The client can sample.");
  });
  add("test_streaming_elicitation", "Asks, or answers plainly.", [](const ToolRun& run) {
    if (!run.client.can.elicitation_form) return text_outcome("Nobody to ask.");
    return elicited(run, form("user_name", "What is your name?", kName), "User response");
  });

  const std::string prefix = "test_input_required_result_";
  add(prefix + "elicitation", "Asks for a name.", [](const ToolRun& run) {
    const JsonView answer = run.client.answer("user_name");
    if (!answer.present()) return ask_client({form("user_name", "What is your name?", kName)});
    return text_outcome("Hello, " + content_text(answer, "name") + "!");
  });
  add(prefix + "sampling", "Asks the model.", [](const ToolRun& run) {
    const JsonView answer = run.client.answer("capital_question");
    if (!answer.present())
      return ask_client({sample("capital_question", "What is the capital of France?")});
    return text_outcome(answer["content"]["text"].string().value_or("?"));
  });
  add(prefix + "list_roots", "Asks for the roots.", [](const ToolRun& run) {
    const JsonView answer = run.client.answer("client_roots");
    if (!answer.present()) return ask_client({roots("client_roots")});
    return text_outcome(std::to_string(answer["roots"].size()) + " roots");
  });
  add(prefix + "request_state", "Keeps a state.", with_state);
  add(prefix + "tampered_state", "Keeps a state nobody may change.", with_state);
  add(prefix + "multiple_inputs", "Asks three things at once.",
      [](const ToolRun& run) { return many_questions(run, false); });
  add(prefix + "capabilities", "Asks what may be asked.",
      [](const ToolRun& run) { return many_questions(run, true); });
  add(prefix + "multi_round", "Asks twice.", multi_round);
}

}  // namespace devs
