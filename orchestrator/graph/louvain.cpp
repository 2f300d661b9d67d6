#include "orchestrator/graph/louvain.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace devs {
namespace {

constexpr double kTie = 1e-10;  // gains closer than this are the same
constexpr std::uint32_t kNone = ~std::uint32_t{0};

// One level: the graph, or the communities of the level before as its nodes.
struct Level {
  struct Link {
    std::uint32_t to;
    double weight;
  };
  // Of each node: what it leads to, then what leads to it, each by index; no loops.
  std::vector<std::vector<Link>> out, in;
  std::vector<double> loop;
  double total = 0;  // all weight, loops included

  std::size_t size() const { return loop.size(); }
};

Level first_level(const ToolGraph& graph) {
  Level level;
  const std::size_t size = graph.node_count();
  level.out.resize(size);
  level.in.resize(size);
  level.loop.resize(size);
  for (NodeIndex from = 0; from < size; ++from) {
    for (const auto& [to, edge] : graph.out(from)) {
      level.out[from].push_back({to, edge.weight});
      level.in[to].push_back({from, edge.weight});
      level.total += edge.weight;
    }
  }
  return level;
}

// Moves single nodes between communities until no move gains anything.
class LocalMoves {
 public:
  explicit LocalMoves(const Level& level)
      : level_(level),
        community_(level.size()),
        members_(level.size(), 1),
        out_of_(level.loop),
        in_of_(level.loop),
        toward_(level.size()),
        queued_(level.size(), true) {
    for (std::uint32_t node = 0; node < level.size(); ++node) {
      community_[node] = node;
      queue_.push_back(node);
      for (const Level::Link& link : level.out[node]) out_of_[node] += link.weight;
      for (const Level::Link& link : level.in[node]) in_of_[node] += link.weight;
    }
    total_out_ = out_of_;
    total_in_ = in_of_;
  }

  // False: nobody moved.
  bool run() {
    bool moved = false;
    while (!queue_.empty()) {
      const std::uint32_t node = queue_.front();
      queue_.pop_front();
      queued_[node] = false;
      moved |= visit(node);
    }
    return moved;
  }
  const std::vector<std::uint32_t>& communities() const { return community_; }

 private:
  bool visit(std::uint32_t node) {
    met_.clear();
    each_link(node, [this](const Level::Link& link) {
      const std::uint32_t theirs = community_[link.to];
      if (toward_[theirs] == 0) met_.push_back(theirs);
      toward_[theirs] += link.weight;
    });
    const std::uint32_t own = community_[node];
    std::uint32_t best = own;
    double best_gain = gain(node, own);
    for (const std::uint32_t other : met_) {
      if (other == own) continue;
      const double here = gain(node, other);
      const bool tie = std::abs(here - best_gain) < kTie;
      if (tie ? best == own || other < best : here < best_gain) continue;
      best = other;
      best_gain = here;
    }
    for (const std::uint32_t each : met_) toward_[each] = 0;
    if (best_gain < 0) {
      if (members_[own] == 1) return false;
      // More members than one here, so somewhere a community is empty.
      best = emptied_.back();
      emptied_.pop_back();
    } else if (best == own) {
      return false;
    }
    move(node, best);
    each_link(node, [this, best](const Level::Link& link) {
      if (community_[link.to] == best || queued_[link.to]) return;
      queued_[link.to] = true;
      queue_.push_back(link.to);
    });
    return true;
  }

  // Of `node` in that community, as if it came from outside.
  double gain(std::uint32_t node, std::uint32_t community) const {
    double in = total_in_[community], out = total_out_[community];
    if (community == community_[node]) {
      in -= in_of_[node];
      out -= out_of_[node];
    }
    const double all = level_.total;
    return toward_[community] / all - (out_of_[node] * in + in_of_[node] * out) / (all * all);
  }

  void move(std::uint32_t node, std::uint32_t to) {
    const std::uint32_t from = community_[node];
    total_out_[from] -= out_of_[node];
    total_in_[from] -= in_of_[node];
    total_out_[to] += out_of_[node];
    total_in_[to] += in_of_[node];
    ++members_[to];
    if (--members_[from] == 0) emptied_.push_back(from);
    community_[node] = to;
  }

  template <class F>
  void each_link(std::uint32_t node, F&& f) const {
    for (const Level::Link& link : level_.out[node]) f(link);
    for (const Level::Link& link : level_.in[node]) f(link);
  }

  const Level& level_;
  std::vector<std::uint32_t> community_;
  std::vector<std::size_t> members_;
  std::vector<double> out_of_, in_of_;        // weight of a node, loops included
  std::vector<double> total_out_, total_in_;  // of a community
  std::vector<double> toward_;                // of the visited node, per community
  std::vector<std::uint32_t> met_;            // communities with toward_ set
  std::vector<std::uint32_t> emptied_;        // the last one at the back
  std::deque<std::uint32_t> queue_;
  std::vector<bool> queued_;
};

// Numbered anew by first appearance; answers how many.
std::uint32_t renumber(std::vector<std::uint32_t>& communities) {
  std::vector<std::uint32_t> names(communities.size(), kNone);
  std::uint32_t next = 0;
  for (std::uint32_t& community : communities) {
    if (names[community] == kNone) names[community] = next++;
    community = names[community];
  }
  return next;
}

// Communities become nodes; what lies inside one becomes its loop.
Level merged(const Level& level, const std::vector<std::uint32_t>& into, std::uint32_t size) {
  Level next;
  next.out.resize(size);
  next.in.resize(size);
  next.loop.resize(size);
  next.total = level.total;
  std::vector<std::map<std::uint32_t, double>> out(size);
  for (std::uint32_t node = 0; node < level.size(); ++node) {
    next.loop[into[node]] += level.loop[node];
    for (const Level::Link& link : level.out[node]) {
      const std::uint32_t from = into[node], to = into[link.to];
      if (from == to)
        next.loop[from] += link.weight;
      else
        out[from][to] += link.weight;
    }
  }
  for (std::uint32_t from = 0; from < size; ++from) {
    for (const auto& [to, weight] : out[from]) {
      next.out[from].push_back({to, weight});
      next.in[to].push_back({from, weight});
    }
  }
  return next;
}

}  // namespace

std::vector<std::uint32_t> communities_of(const ToolGraph& graph) {
  std::vector<std::uint32_t> place(graph.node_count());
  for (std::uint32_t node = 0; node < place.size(); ++node) place[node] = node;
  if (graph.edge_count() == 0) return place;
  for (Level level = first_level(graph);;) {
    LocalMoves moves(level);
    if (!moves.run()) break;
    std::vector<std::uint32_t> communities = moves.communities();
    const std::uint32_t size = renumber(communities);
    for (std::uint32_t& node : place) node = communities[node];
    level = merged(level, communities, size);
  }
  renumber(place);
  return place;
}

std::size_t count_communities(const std::vector<std::uint32_t>& communities) {
  const auto most = std::max_element(communities.begin(), communities.end());
  return most == communities.end() ? 0 : *most + std::size_t{1};
}

double modularity_of(const ToolGraph& graph, const std::vector<std::uint32_t>& communities) {
  struct Sums {
    double inner = 0, out = 0, in = 0;
  };
  std::vector<Sums> sums(communities.size());
  double total = 0;
  for (NodeIndex from = 0; from < graph.node_count(); ++from) {
    for (const auto& [to, edge] : graph.out(from)) {
      total += edge.weight;
      sums[communities[from]].out += edge.weight;
      sums[communities[to]].in += edge.weight;
      if (communities[from] == communities[to]) sums[communities[from]].inner += edge.weight;
    }
  }
  if (total == 0) return 0;
  double modularity = 0;
  for (const Sums& each : sums)
    modularity += each.inner / total - each.out * each.in / (total * total);
  return modularity;
}

}  // namespace devs
