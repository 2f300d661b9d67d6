#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "orchestrator/graph/graph_measures.h"
#include "orchestrator/graph/tool_graph.h"
#include "protocol/ids.h"

namespace devs {

// The graph as of one moment, to look at.
//
// Whoever takes it and reads topic `graph` from applied + 1 misses nothing and gets
// nothing twice.  `applied` may not be visible yet: who tells it waits until it is.
//
// Immutable; measured once, by the first who asks.
class GraphPicture {
 public:
  GraphPicture(ToolGraph graph, Sequence applied, std::int64_t updated_ms)
      : graph_(std::move(graph)), applied_(applied), updated_ms_(updated_ms) {}

  const ToolGraph& graph() const { return graph_; }
  Sequence applied() const { return applied_; }
  std::int64_t updated_ms() const { return updated_ms_; }  // wall clock, since 1970
  const GraphMeasures& measures() const {
    std::call_once(once_, [this] { measures_.emplace(graph_); });
    return *measures_;
  }

 private:
  const ToolGraph graph_;
  const Sequence applied_;
  const std::int64_t updated_ms_;
  mutable std::once_flag once_;
  mutable std::optional<GraphMeasures> measures_;
};
using GraphPicturePtr = std::shared_ptr<const GraphPicture>;

}  // namespace devs
