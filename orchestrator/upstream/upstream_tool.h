#pragma once

#include <memory>
#include <utility>

#include "orchestrator/calls/tool.h"
#include "orchestrator/upstream/stdio_upstream.h"

namespace devs {

// One tool of one upstream, under the name hosts call.  It outlives the child
// that listed it: calls go to whichever child lives then.
//
// Immutable.
class UpstreamTool final : public Tool {
 public:
  UpstreamTool(ToolSpec spec, std::shared_ptr<StdioUpstream> upstream)
      : spec_(std::move(spec)), upstream_(std::move(upstream)) {}

  const ToolSpec& spec() const override { return spec_; }
  void start(ToolRun run, ToolDone done) override {
    upstream_->call(spec_.upstream_tool, spec_.task == TaskMode::required, std::move(run),
                    std::move(done));
  }

 private:
  const ToolSpec spec_;
  const std::shared_ptr<StdioUpstream> upstream_;
};

}  // namespace devs
