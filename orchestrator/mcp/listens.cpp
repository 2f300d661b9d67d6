#include "orchestrator/mcp/listens.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/json_rpc.h"
#include "protocol/mcp_modern.h"

namespace devs {
namespace {

using Say = CallListener::Say;

// `"_meta":{...}` by which a client knows to which listen a message belongs.
std::string subscription(std::string_view id) {
  return R"("_meta":{"io.modelcontextprotocol/subscriptionId":)" + std::string(id) + "}";
}

// The part of a filter that is honoured.
std::string acknowledged(std::string_view id, const ListenFilter& filter) {
  std::string parts;
  const auto flag = [&parts](bool set, std::string_view name) {
    if (set) parts.append(parts.empty() ? "\"" : ",\"").append(name).append("\":true");
  };
  flag(filter.tools, "toolsListChanged");
  flag(filter.prompts, "promptsListChanged");
  flag(filter.resources, "resourcesListChanged");
  const auto list = [&parts](std::string_view name, const auto& values, auto text_of) {
    if (values.empty()) return;
    parts.append(parts.empty() ? "\"" : ",\"").append(name).append("\":[");
    for (const auto& value : values) {
      if (parts.back() != '[') parts += ',';
      append_json_string(parts, text_of(value));
    }
    parts += ']';
  };
  list("resourceSubscriptions", filter.uris, [](const std::string& uri) { return uri; });
  list("taskIds", filter.tasks, [](const auto& task) { return task.second; });
  return encode_rpc_notification("notifications/subscriptions/acknowledged",
                                 "{\"notifications\":{" + parts + "}," + subscription(id) + "}");
}

}  // namespace

Result<ListenFilter> decode_listen(JsonView params, const TaskKeyOf& task_key_of) {
  const JsonView wanted = params["notifications"];
  Status wrong;
  const auto refuse = [&wrong](std::string_view member, std::string_view why) {
    wrong = Status(Code::invalid_argument,
                   "/notifications" + std::string(member) + ": " + std::string(why));
  };
  ListenFilter filter;
  JsonView tools, prompts, resources, uris, tasks;
  if (!wanted.is_object()) refuse("", "must be an object");
  wanted.pick({{"toolsListChanged", &tools},
               {"promptsListChanged", &prompts},
               {"resourcesListChanged", &resources},
               {"resourceSubscriptions", &uris},
               {"taskIds", &tasks}});
  filter.tools = tools.boolean().value_or(false);
  filter.prompts = prompts.boolean().value_or(false);
  filter.resources = resources.boolean().value_or(false);
  const auto each_of = [&refuse](std::string_view member, JsonView list, auto take) {
    if (list.present() && !list.is_array()) return refuse(member, "must be an array");
    if (list.size() > kMaxListenUris) return refuse(member, "at most 1000");
    list.each_element([&](JsonView value) {
      if (auto text = value.string()) return take(std::move(*text));
      refuse(member, "must hold strings");
    });
  };
  each_of("/resourceSubscriptions", uris,
          [&filter](std::string uri) { filter.uris.insert(std::move(uri)); });
  each_of("/taskIds", tasks, [&](std::string id) {
    if (auto key = task_key_of(id)) filter.tasks.emplace(std::move(*key), std::move(id));
  });
  if (!wrong.ok()) return wrong;
  return filter;
}

std::uint64_t Listens::next_number() {
  MutexLock lock(mutex_);
  pending_.insert(++last_);
  return last_;
}

Status Listens::add(std::string_view principal, std::string_view id, ListenFilter filter,
                    std::shared_ptr<CallListener> listener, std::uint64_t number) {
  const std::string first = acknowledged(id, filter);
  {
    MutexLock lock(mutex_);
    if (pending_.erase(number) == 0) return {};  // its client has left
    if (closed_) return Status(Code::unavailable, "shutting down");
    const auto of_principal =
        std::count_if(listens_.begin(), listens_.end(),
                      [principal](const auto& each) { return each.second.principal == principal; });
    if (static_cast<std::size_t>(of_principal) >= kMaxPerPrincipal)
      return Status(Code::resource_exhausted, "at most 16 listens at once");
    listens_.emplace(number, Listen{.principal = std::string(principal),
                                    .id = std::string(id),
                                    .filter = std::move(filter),
                                    .listener = listener,
                                    .early = {}});
  }
  if (listener->say(first, CallListener::Say::always)) {
    acknowledge(number);
    return {};
  }
  if (!remove(number)) return {};  // it has been ended, or left, meanwhile
  return Status(Code::invalid_argument, "subscriptions/listen needs Accept: text/event-stream");
}

void Listens::acknowledge(std::uint64_t number) {
  for (;;) {
    std::shared_ptr<CallListener> listener;
    std::vector<Note> early;
    {
      MutexLock lock(mutex_);
      const auto found = listens_.find(number);
      if (found == listens_.end()) return;
      Listen& listen = found->second;
      listen.acknowledged = listen.early.empty();
      if (listen.acknowledged) return;
      early.swap(listen.early);
      listener = listen.listener;
    }
    for (const Note& note : early)
      if (!say(number, *listener, note)) return;
  }
}

bool Listens::remove(std::uint64_t number) {
  decltype(listens_)::node_type gone;  // dies after the lock, with what its listener holds
  MutexLock lock(mutex_);
  pending_.erase(number);
  gone = listens_.extract(number);
  return !gone.empty();
}

bool Listens::say(std::uint64_t number, CallListener& to, const Note& note) {
  if (to.say(note.text, note.how) || note.how == Say::once) return true;
  std::string id;
  {
    MutexLock lock(mutex_);
    const auto found = listens_.find(number);
    if (found == listens_.end()) return false;  // it has ended, or left, meanwhile
    id = found->second.id;
  }
  if (remove(number)) end(id, to);
  return false;
}

template <class Wants>
void Listens::tell(std::string_view method, std::string_view members, Say how, Wants wants) {
  struct Told {
    std::uint64_t number;
    std::shared_ptr<CallListener> listener;
    Note note;
  };
  std::vector<Told> who;
  {
    MutexLock lock(mutex_);
    for (auto& [number, listen] : listens_) {
      if (!wants(listen.filter)) continue;
      Note note{.text = encode_rpc_notification(
                    method, "{" + std::string(members) + subscription(listen.id) + "}"),
                .how = how};
      if (listen.acknowledged) {
        who.push_back({number, listen.listener, std::move(note)});
      } else if (std::find(listen.early.begin(), listen.early.end(), note) == listen.early.end()) {
        listen.early.push_back(std::move(note));
      }
    }
  }
  for (const Told& told : who) say(told.number, *told.listener, told.note);
}

void Listens::changed(Change change) {
  switch (change) {
    case Change::tools:
      return tell("notifications/tools/list_changed", {}, Say::once,
                  [](const ListenFilter& filter) { return filter.tools; });
    case Change::prompts:
      return tell("notifications/prompts/list_changed", {}, Say::once,
                  [](const ListenFilter& filter) { return filter.prompts; });
    case Change::resources:
      return tell("notifications/resources/list_changed", {}, Say::once,
                  [](const ListenFilter& filter) { return filter.resources; });
  }
}

void Listens::updated(std::string_view uri) {
  tell("notifications/resources/updated", "\"uri\":" + json_string(uri) + ",", Say::once,
       [uri = std::string(uri)](const ListenFilter& filter) { return filter.uris.contains(uri); });
}

bool Listens::wants_task(std::string_view key) const {
  MutexLock lock(mutex_);
  return std::any_of(listens_.begin(), listens_.end(),
                     [&](const auto& each) { return each.second.filter.tasks.contains(key); });
}

void Listens::task_changed(std::string_view key, std::string_view task) {
  tell("notifications/tasks", std::string(task.substr(1, task.size() - 2)) + ",", Say::droppable,
       [key](const ListenFilter& filter) { return filter.tasks.contains(key); });
}

void Listens::end(std::string_view id, CallListener& listener) const {
  listener.end(result_end(id, modern_result("{" + subscription(id) + "}", version_)));
}

void Listens::close() {
  std::map<std::uint64_t, Listen> all;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    all.swap(listens_);
  }
  for (const auto& [number, listen] : all) end(listen.id, *listen.listener);
}

std::size_t Listens::size() const {
  MutexLock lock(mutex_);
  return listens_.size();
}

}  // namespace devs
