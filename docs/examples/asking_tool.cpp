// A tool that asks the person in front of its client, and a client over stdio that answers:
// the code of docs/asking_the_client.md.
//
// Built and run by the test `example.asking_tool`.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "orchestrator/orchestrator_server.h"
#include "protocol/json.h"

namespace {

using namespace devs;

ToolOutcome greet(const ToolRun& run) {
  const JsonView name = run.client.answer("name");
  if (!name.present())
    return ask_client({{"name", "elicitation/create",
                        R"({"message":"What is your name?","requestedSchema":)"
                        R"({"type":"object","properties":{"name":{"type":"string"}}}})"}});
  return text_outcome("Hello, " + name["content"]["name"].string().value_or("nobody") + "!");
}

// The client's ends of the two pipes.
struct Client {
  int to = -1;
  std::FILE* from = nullptr;

  void say(const std::string& message) const {
    const std::string line = message + "\n";
    if (::write(to, line.data(), line.size()) < 0) std::perror("write");
  }
  std::string hear() const {
    std::array<char, 4096> line{};
    return std::fgets(line.data(), static_cast<int>(line.size()), from) ? line.data() : "";
  }
};

}  // namespace

int main(int argc, char** argv) {
  OrchestratorServer::Options options;
  options.http.port = 0;
  options.trace_dir = argc > 1 ? argv[1] : ".devs";
  auto opened = OrchestratorServer::open(std::move(options));
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().message().c_str());
    return 2;
  }
  OrchestratorServer& server = **opened;
  Status added = server.add_tool(
      make_tool_spec("greet", "Says hello to whoever is there.", R"({"type":"object"})"), greet);
  if (!added.ok() || !server.start().ok()) return 1;

  std::array<int, 2> in{}, out{};
  if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) return 1;
  server.serve_stdio(BytePipe(in[0], BytePipe::Way::in), BytePipe(out[1], BytePipe::Way::out),
                     [](std::string_view) {});
  const Client client{in[1], ::fdopen(out[0], "r")};

  client.say(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{)"
             R"("protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},)"
             R"("clientInfo":{"name":"example","version":"1"}}})");
  client.hear();
  client.say(R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"greet"}})");
  const std::string question = client.hear();  // elicitation/create, with an id of the server
  std::printf("asked: %s", question.c_str());
  client.say("{\"jsonrpc\":\"2.0\",\"id\":" + std::string(JsonView(question)["id"].text()) +
             R"(,"result":{"action":"accept","content":{"name":"Ada"}}})");
  std::printf("told: %s", client.hear().c_str());

  server.shutdown();
  std::fclose(client.from);
  for (const int end : {in[0], in[1], out[1]}) ::close(end);
  return 0;
}
