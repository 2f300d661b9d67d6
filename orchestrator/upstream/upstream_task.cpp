#include "orchestrator/upstream/upstream_task.h"

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kRelated = "io.modelcontextprotocol/related-task";

void append_member(std::string& object, std::string_view name, std::string_view json) {
  if (object.size() > 1) object += ',';
  append_json_string(object, name);
  object.append(":").append(json);
}

}  // namespace

std::optional<std::string> created_task(std::string_view result) {
  const JsonView view(result);
  const JsonView id = view["task"]["taskId"];
  if (view["content"].present() || !id.is_string()) return std::nullopt;
  return std::string(id.text());
}

std::string encode_task_id(std::string_view token) {
  return R"({"taskId":)" + std::string(token) + "}";
}

std::string without_related_task(std::string result) {
  const JsonView view(result);
  if (!view["_meta"][kRelated].present()) return result;
  std::string out = "{";
  view.each_member([&out](const std::string& name, JsonView value) {
    if (name != "_meta") return append_member(out, name, value.text());
    std::string meta = "{";
    value.each_member([&meta](const std::string& key, JsonView each) {
      if (key != kRelated) append_member(meta, key, each.text());
    });
    if (meta.size() > 1) append_member(out, name, meta + "}");
  });
  return out + '}';
}

}  // namespace devs
