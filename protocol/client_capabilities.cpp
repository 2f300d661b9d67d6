#include "protocol/client_capabilities.h"

namespace devs {
namespace {

bool is_url_mode(JsonView params) {
  return params["mode"].is("url");
}
bool has_lists(JsonView params) {
  bool found = false;
  params["requestedSchema"]["properties"].each_member(
      [&found](std::string_view, JsonView field) { found = found || field["type"].is("array"); });
  return found;
}
bool uses_tools(JsonView params) {
  return params["tools"].present() || params["toolChoice"].present();
}

}  // namespace

ClientCapabilities decode_client_capabilities(JsonView capabilities, McpRevision revision) {
  ClientCapabilities client;
  const JsonView elicitation = capabilities["elicitation"], sampling = capabilities["sampling"];
  client.roots = capabilities["roots"].is_object();
  client.sampling = sampling.is_object();
  const bool knows_more = has_icons(revision);  // all three came with 2025-11-25
  client.sampling_tools = sampling["tools"].is_object() && knows_more;
  if (elicitation.is_object() && has_elicitation(revision)) {
    client.elicitation_url = elicitation["url"].is_object() && knows_more;
    client.elicitation_form = elicitation["form"].is_object() || !client.elicitation_url;
    client.elicitation_lists = client.elicitation_form && knows_more;
  }
  if (is_modern(revision)) {
    client.tasks_ext = capabilities["extensions"][kTasksExtension].is_object();
  } else {
    client.tasks = capabilities["tasks"].is_object() && has_icons(revision);
  }
  return client;
}

bool may_be_asked(const ClientCapabilities& client, std::string_view method, JsonView params) {
  if (method == "roots/list") return client.roots;
  if (method == "sampling/createMessage") {
    return uses_tools(params) ? client.sampling_tools : client.sampling;
  }
  if (method == "elicitation/create") {
    if (is_url_mode(params)) return client.elicitation_url;
    return has_lists(params) ? client.elicitation_lists : client.elicitation_form;
  }
  return false;
}

std::string required_capability(std::string_view method, JsonView params) {
  if (method == "roots/list") return R"({"roots":{}})";
  if (method == "sampling/createMessage") {
    return uses_tools(params) ? R"({"sampling":{"tools":{}}})" : R"({"sampling":{}})";
  }
  return is_url_mode(params) ? R"({"elicitation":{"url":{}}})" : R"({"elicitation":{"form":{}}})";
}

}  // namespace devs
