#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/graph/graph_history.h"
#include "orchestrator/graph/tool_graph.h"
#include "orchestrator/store/own_database.h"
#include "protocol/ids.h"
#include "protocol/result.h"

namespace devs {

// The graph on disk: `graph.db` (SQLite, WAL), with how far in the log it has come.
//
// What was not saved is learned again from the log, so a crash costs nothing.
//
// Confined to one thread at a time; does I/O.
class GraphStore {
 public:
  // Where the log was left.
  struct Place {
    Sequence seen = 0;                     // everything through it is in the graph,
    std::map<std::string, Sequence> open;  // but for tasks that run, from those entries on
  };
  struct Kept {
    ToolGraph graph;  // edges surer than kLeastConfidence, and their tools
    Place place;
    std::vector<GraphMinute> minutes;
  };

  // `head`: where a new graph begins, as does one of another log.  data_loss: no file of
  // ours; it is to be put aside.
  static Result<std::unique_ptr<GraphStore>> open(const std::filesystem::path& file,
                                                  const Epoch& epoch, Sequence head);
  ~GraphStore();
  GraphStore(const GraphStore&) = delete;
  GraphStore& operator=(const GraphStore&) = delete;

  Result<Kept> load();
  // All or nothing: these edges of the graph, where the log was left, these minutes.
  using Edges = std::set<std::pair<NodeIndex, NodeIndex>>;
  Status save(const ToolGraph& graph, const Edges& changed, const Place& place,
              const std::vector<GraphMinute>& minutes);

 private:
  explicit GraphStore(std::unique_ptr<SqlConnection> sql) : sql_(std::move(sql)) {}
  Status prepare(const Epoch& epoch, Sequence head);

  const std::unique_ptr<SqlConnection> sql_;
};

}  // namespace devs
