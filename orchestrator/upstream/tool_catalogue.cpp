#include "orchestrator/upstream/tool_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDebounce{50};
constexpr milliseconds kPageDeadline{30'000};
constexpr milliseconds kWorkersFullRetry{50};
// A server that hands out cursors for ever is cut off here.
constexpr std::size_t kMaxPages = 10'000;
constexpr std::size_t kMaxPageBytes = 64 * kMiB;
// Of one list, in the log; the rest is a number.
constexpr std::size_t kDropsTold = 10;

}  // namespace

struct ToolCatalogue::Built {
  std::shared_ptr<const Specs> specs;
  ToolListChange change;
};

ToolCatalogue::ToolCatalogue(std::string server, ToolRegistry& registry, Reactor& reactor,
                             WorkerPool& workers, Log& log, Owner& owner)
    : server_(std::move(server)),
      registry_(registry),
      reactor_(reactor),
      workers_(workers),
      log_(log),
      owner_(owner),
      debounce_([this] { refresh(has_tools_, has_tasks_); }),
      page_deadline_([this] {
        owner_.forget(request_);
        fail(Status(Code::deadline_exceeded,
                    fmt::format("no answer to tools/list within {} ms", kPageDeadline.count())));
      }),
      retry_([this] { build(); }) {
}

void ToolCatalogue::refresh(bool has_tools, bool has_tasks) {
  has_tools_ = has_tools;
  has_tasks_ = has_tasks;
  wanted_ = true;
  if (!fetching_ && !building_) begin();
}

void ToolCatalogue::changed() {
  if (!debounce_.armed()) reactor_.timers().set(debounce_, reactor_.now() + kDebounce);
}

void ToolCatalogue::reset() {
  ++connection_;
  wanted_ = false;
  fetching_ = false;
  debounce_.cancel();
  page_deadline_.cancel();
  if (retry_.armed()) {
    retry_.cancel();
    building_ = false;
  }
}

void ToolCatalogue::begin() {
  wanted_ = false;
  pages_.clear();
  listed_ = 0;
  bytes_ = 0;
  if (!has_tools_) {
    build();
    return;
  }
  fetching_ = true;
  ask_page({});
}

void ToolCatalogue::ask_page(const std::string& cursor) {
  reactor_.timers().set(page_deadline_, reactor_.now() + kPageDeadline);
  const std::string params = cursor.empty() ? "{}" : R"({"cursor":)" + json_string(cursor) + "}";
  request_ = owner_.ask_tools(params, [this, cursor, on = connection_](UpstreamReply reply) {
    if (on == connection_ && fetching_) on_page(std::move(reply), cursor);
  });
}

void ToolCatalogue::on_page(UpstreamReply reply, const std::string& asked) {
  page_deadline_.cancel();
  if (!reply.unavailable.empty()) {  // the connection's end is told by others
    fetching_ = false;
    return;
  }
  if (reply.fault) {
    fail(Status(Code::unavailable,
                fmt::format("tools/list was answered with error {}: {}", reply.fault->code,
                            utf8_prefix(reply.fault->message, 200))));
    return;
  }
  listed_ += reply.listed;
  bytes_ += reply.result.size();
  pages_.push_back(std::move(reply.result));
  const bool more = !reply.next_cursor.empty() && reply.next_cursor != asked;
  if (more && listed_ < kMaxListedTools && pages_.size() < kMaxPages && bytes_ < kMaxPageBytes) {
    ask_page(reply.next_cursor);
    return;
  }
  if (more)
    log_.warn("upstream_tools_cut", {{"server", server_}, {"listed", std::to_string(listed_)}});
  fetching_ = false;
  build();
}

void ToolCatalogue::fail(Status why) {
  fetching_ = false;
  page_deadline_.cancel();
  owner_.on_listed(std::move(why), {});
  if (wanted_ && !fetching_ && !building_) begin();
}

void ToolCatalogue::build() {
  building_ = true;
  auto pages = std::make_shared<std::vector<std::string>>(std::move(pages_));
  const Status taken =
      workers_.try_submit([this, keep = owner_.keep_alive(), pages, before = current_,
                           on = connection_, has_tasks = has_tasks_]() mutable {
        Built done = build_on_worker(server_, registry_, log_, owner_, *before, *pages, has_tasks);
        Reactor& reactor = reactor_;  // `keep` may be the last to hold this
        reactor.post([this, keep = std::move(keep), on, done = std::move(done)]() mutable {
          built(on, std::move(done));
        });
      });
  if (taken.ok()) return;
  pages_ = std::move(*pages);
  reactor_.timers().set(retry_, reactor_.now() + kWorkersFullRetry);
}

ToolCatalogue::Built ToolCatalogue::build_on_worker(const std::string& server,
                                                    ToolRegistry& registry, Log& log, Owner& owner,
                                                    const Specs& before,
                                                    const std::vector<std::string>& pages,
                                                    bool has_tasks) {
  ToolList list = decode_tool_list(server, pages, has_tasks);
  const ToolSetPtr held = registry.snapshot();
  for (ToolSpec& tool : list.tools) {
    const RegisteredTool* holder = held->find(tool.name);
    if (holder != nullptr && holder->tool->spec().server != server) rename_taken(tool);
  }
  Built done;
  done.change = compare(before, list.tools);
  if (done.change.any) {
    std::vector<ToolPtr> tools;
    tools.reserve(list.tools.size());
    for (const ToolSpec& tool : list.tools) tools.push_back(owner.make_tool(tool));
    for (const std::string& name : registry.replace(server, std::move(tools)))
      list.dropped.push_back(name + ": the name is taken");
  }
  for (std::size_t i = 0; i < std::min(list.dropped.size(), kDropsTold); ++i)
    log.warn("upstream_tool_dropped", {{"server", server}, {"tool", list.dropped[i]}});
  if (list.dropped.size() > kDropsTold)
    log.warn("upstream_tools_dropped",
             {{"server", server}, {"count", std::to_string(list.dropped.size())}});
  done.specs = std::make_shared<const Specs>(std::move(list.tools));
  return done;
}

void ToolCatalogue::built(std::uint64_t connection, Built built) {
  building_ = false;
  current_ = std::move(built.specs);
  if (connection == connection_) owner_.on_listed({}, std::move(built.change));
  if (wanted_ && !fetching_ && !building_) begin();
  if (!building_) owner_.on_idle();
}

}  // namespace devs
