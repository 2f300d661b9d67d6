#include "orchestrator/graph/graph_store.h"

#include "orchestrator/graph/edge_rules.h"

namespace devs {
namespace {

constexpr std::int64_t kApplicationId = 0x64677268;  // "dgrh": a file of somebody else is not ours
constexpr std::int64_t kFormat = 1;

constexpr const char* kSchema =
    "CREATE TABLE place(epoch TEXT NOT NULL, seen INTEGER NOT NULL);"
    "CREATE TABLE open_tasks(task TEXT PRIMARY KEY, first INTEGER NOT NULL);"
    "CREATE TABLE tools(number INTEGER PRIMARY KEY, tool TEXT NOT NULL UNIQUE);"
    "CREATE TABLE edges(source TEXT NOT NULL, target TEXT NOT NULL, weight REAL NOT NULL,"
    " count INTEGER NOT NULL, type TEXT NOT NULL, known TEXT NOT NULL,"
    " PRIMARY KEY(source, target)) WITHOUT ROWID;"
    "CREATE TABLE minutes(minute INTEGER PRIMARY KEY, edges INTEGER NOT NULL,"
    " nodes INTEGER NOT NULL, confidence REAL NOT NULL, workflows INTEGER NOT NULL,"
    " succeeded INTEGER NOT NULL, new_edges INTEGER NOT NULL, new_nodes INTEGER NOT NULL);"
    "INSERT INTO place VALUES('', 0);";

constexpr OwnDatabase kKind{.application_id = kApplicationId,
                            .format = kFormat,
                            .schema = kSchema,
                            .mismatch = "is no graph of this version"};

SqlValue number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::uint64_t count_in(const SqlStatement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

GraphStore::~GraphStore() = default;

Result<std::unique_ptr<GraphStore>> GraphStore::open(const std::filesystem::path& file,
                                                     const Epoch& epoch, Sequence head) {
  auto sql = open_own_database(file, kKind);
  if (!sql.ok()) return sql.status();
  std::unique_ptr<GraphStore> store(new GraphStore(std::move(*sql)));
  if (Status ready = store->prepare(epoch, head); !ready.ok()) return ready;
  return store;
}

Status GraphStore::prepare(const Epoch& epoch, Sequence head) {
  // Of another log nothing is known, nor of what this one lost: what the graph learned
  // stays, its place does not.
  const std::string_view log(epoch);
  if (Status closed =
          sql_->run("DELETE FROM open_tasks WHERE ?1 NOT IN (SELECT epoch FROM place)", {log});
      !closed.ok())
    return closed;
  return sql_->run("UPDATE place SET epoch=?1, seen=?2 WHERE epoch<>?1 OR seen>?2",
                   {log, number(head)});
}

Result<GraphStore::Kept> GraphStore::load() {
  Kept kept;
  struct Edge {
    std::string from, to;
    ToolEdge edge;
  };
  std::vector<Edge> edges;
  std::set<std::string, std::less<>> joined;
  Status read = sql_->each_row(
      "SELECT source,target,weight,count,type,known FROM edges", {}, [&](const SqlStatement& row) {
        const ToolEdge edge{.weight = row.real(2),
                            .count = count_in(row, 3),
                            .type = edge_type_of(row.text(4)),
                            .source = edge_source_of(row.text(5))};
        if (edge.weight <= kLeastConfidence || row.text(0) == row.text(1)) return;
        edges.push_back({std::string(row.text(0)), std::string(row.text(1)), edge});
        joined.insert(edges.back().from);
        joined.insert(edges.back().to);
      });
  if (read.ok())
    read =
        sql_->each_row("SELECT tool FROM tools ORDER BY number", {}, [&](const SqlStatement& row) {
          if (joined.contains(row.text(0))) kept.graph.add_node(row.text(0));
        });
  for (const Edge& each : edges) {
    const NodeIndex from = kept.graph.add_node(each.from), to = kept.graph.add_node(each.to);
    kept.graph.set_edge(from, to, each.edge);
  }
  if (read.ok())
    read = sql_->each_row("SELECT seen FROM place", {},
                          [&](const SqlStatement& row) { kept.place.seen = count_in(row, 0); });
  if (read.ok())
    read = sql_->each_row("SELECT task,first FROM open_tasks", {}, [&](const SqlStatement& row) {
      kept.place.open.emplace(row.text(0), count_in(row, 1));
    });
  if (read.ok())
    read = sql_->each_row(
        "SELECT minute,edges,nodes,confidence,workflows,succeeded,new_edges,new_nodes FROM minutes",
        {}, [&](const SqlStatement& row) {
          kept.minutes.push_back({.minute = row.integer(0),
                                  .edges = count_in(row, 1),
                                  .nodes = count_in(row, 2),
                                  .confidence = row.real(3),
                                  .workflows = count_in(row, 4),
                                  .succeeded = count_in(row, 5),
                                  .new_edges = count_in(row, 6),
                                  .new_nodes = count_in(row, 7)});
        });
  if (!read.ok()) return read;
  return kept;
}

Status GraphStore::save(const ToolGraph& graph, const Edges& changed, const Place& place,
                        const std::vector<GraphMinute>& minutes) {
  SqlTransaction all(*sql_);
  Status done = all.begin();
  std::set<NodeIndex> tools;
  for (const auto& [from, to] : changed) {
    tools.insert(from);
    tools.insert(to);
  }
  for (const NodeIndex tool : tools)
    if (done.ok())
      done = sql_->run("INSERT OR IGNORE INTO tools(tool) VALUES(?1)",
                       {std::string_view(graph.tool(tool))});
  for (const auto& [from, to] : changed) {
    const ToolEdge& edge = *graph.edge(from, to);
    if (done.ok())
      done = sql_->run("INSERT OR REPLACE INTO edges VALUES(?1,?2,?3,?4,?5,?6)",
                       {std::string_view(graph.tool(from)), std::string_view(graph.tool(to)),
                        edge.weight, number(edge.count), name_of(edge.type), name_of(edge.source)});
  }
  if (done.ok()) done = sql_->run("UPDATE place SET seen=?1", {number(place.seen)});
  if (done.ok()) done = sql_->execute("DELETE FROM open_tasks");
  for (const auto& [task, first] : place.open)
    if (done.ok())
      done = sql_->run("INSERT INTO open_tasks VALUES(?1,?2)",
                       {std::string_view(task), number(first)});
  for (const GraphMinute& each : minutes)
    if (done.ok())
      done = sql_->run("INSERT OR REPLACE INTO minutes VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
                       {each.minute, number(each.edges), number(each.nodes), each.confidence,
                        number(each.workflows), number(each.succeeded), number(each.new_edges),
                        number(each.new_nodes)});
  if (done.ok() && !minutes.empty())
    done = sql_->run("DELETE FROM minutes WHERE minute<?1",
                     {minutes.back().minute - GraphHistory::kKeptMinutes});
  return done.ok() ? all.commit() : done;
}

}  // namespace devs
