#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/upstream/correlation.h"
#include "orchestrator/upstream/tool_list.h"
#include "trace/log.h"

namespace devs {

// What one upstream offers, kept equal to the registry: all pages of tools/list
// fetched one after another, read and registered on a worker (schemas are
// compiled there).  However often a refresh is asked for, one runs at a time.
//
// What was registered stays while the upstream is down.
//
// Confined to the reactor.
class ToolCatalogue {
 public:
  // The upstream it belongs to.
  class Owner {
   public:
    virtual ~Owner() = default;
    // Keeps the owner, and so this, alive while a worker is at it.
    virtual std::shared_ptr<void> keep_alive() = 0;
    // Sends one request of tools/list; the id is good for Correlation::forget().
    virtual std::uint64_t ask_tools(std::string_view params, Correlation::OnReply on_reply) = 0;
    virtual void forget(std::uint64_t id) = 0;
    virtual ToolPtr make_tool(ToolSpec spec) = 0;  // any thread
    // A refresh has ended, for the connection it began on.
    virtual void on_listed(Status status, ToolListChange change) = 0;
    // No worker is at it any more.
    virtual void on_idle() = 0;
  };

  ToolCatalogue(std::string server, ToolRegistry& registry, Reactor& reactor, WorkerPool& workers,
                Log& log, Owner& owner);
  ToolCatalogue(const ToolCatalogue&) = delete;
  ToolCatalogue& operator=(const ToolCatalogue&) = delete;

  // Now, or after the one that runs.  Without `has_tools` the list is empty
  // and nobody is asked.  `has_tasks`: see decode_tool_list().
  void refresh(bool has_tools, bool has_tasks);
  // The upstream says its list changed: soon, once for many.
  void changed();
  // The connection has ended: nothing more is told about it.
  void reset();

  bool at_work() const { return building_; }
  std::size_t tools() const { return current_->size(); }

 private:
  using Specs = std::vector<ToolSpec>;
  struct Built;

  void begin();
  void ask_page(const std::string& cursor);
  void on_page(UpstreamReply reply, const std::string& asked);
  void fail(Status why);
  void build();
  static Built build_on_worker(const std::string& server, ToolRegistry& registry, Log& log,
                               Owner& owner, const Specs& before,
                               const std::vector<std::string>& pages, bool has_tasks);
  void built(std::uint64_t connection, Built built);

  const std::string server_;
  ToolRegistry& registry_;
  Reactor& reactor_;
  WorkerPool& workers_;
  Log& log_;
  Owner& owner_;

  std::shared_ptr<const Specs> current_ = std::make_shared<const Specs>();
  std::uint64_t connection_ = 0;
  bool wanted_ = false;
  bool has_tools_ = false;
  bool has_tasks_ = false;
  bool fetching_ = false;
  bool building_ = false;

  std::uint64_t request_ = 0;
  std::vector<std::string> pages_;
  std::size_t listed_ = 0;
  std::size_t bytes_ = 0;

  Timer debounce_;
  Timer page_deadline_;
  Timer retry_;  // the workers were full
};

}  // namespace devs
