#include "orchestrator/graph/edge_rules.h"

#include <doctest/doctest.h>

#include <array>

namespace devs {

TEST_CASE("[S4.3] generation 1: confidence grows by a tenth, from 0.5 to 1 and no further") {
  constexpr std::array<double, 10> kExpected{0.5,      0.55,      0.605,      0.6655, 0.73205,
                                             0.805255, 0.8857805, 0.97435855, 1.0,    1.0};
  ToolEdge edge = edge_seen(nullptr, EdgeType::sequence, ConfidenceRule::growing);
  for (std::size_t seen = 0; seen < kExpected.size(); ++seen) {
    CAPTURE(seen);
    CHECK(edge.weight == doctest::Approx(kExpected[seen]).epsilon(1e-12));
    CHECK(edge.count == seen + 1);
    edge = edge_seen(&edge, EdgeType::sequence, ConfidenceRule::growing);
  }
}

TEST_CASE("[S4.3] generation 2: confidence is the type's strength times the trust in its source") {
  struct Row {
    EdgeType type;
    double inferred, observed;
  };
  for (const Row& row : {Row{EdgeType::dependency, 0.7, 1.0}, Row{EdgeType::contains, 0.56, 0.8},
                         Row{EdgeType::provides, 0.49, 0.7}, Row{EdgeType::sequence, 0.35, 0.5},
                         Row{EdgeType::other, 0.35, 0.5}}) {
    CAPTURE(name_of(row.type));
    const ToolEdge once = edge_seen(nullptr, row.type, ConfidenceRule::typed);
    const ToolEdge twice = edge_seen(&once, row.type, ConfidenceRule::typed);
    const ToolEdge thrice = edge_seen(&twice, row.type, ConfidenceRule::typed);
    CHECK(once.weight == doctest::Approx(row.inferred));
    CHECK(once.source == EdgeSource::inferred);
    CHECK(twice.weight == doctest::Approx(row.inferred));
    CHECK(thrice.weight == doctest::Approx(row.observed));
    CHECK(thrice.source == EdgeSource::observed);
  }
}

TEST_CASE("[S4.3] edges: one seen as of two types keeps the stronger one, in either order") {
  for (const ConfidenceRule rule : {ConfidenceRule::growing, ConfidenceRule::typed}) {
    const ToolEdge weak = edge_seen(nullptr, EdgeType::sequence, rule);
    CHECK(edge_seen(&weak, EdgeType::dependency, rule).type == EdgeType::dependency);
    const ToolEdge strong = edge_seen(nullptr, EdgeType::dependency, rule);
    CHECK(edge_seen(&strong, EdgeType::sequence, rule).type == EdgeType::dependency);
  }
}

TEST_CASE("[S4.3] edges: a template starts at 0.5 with count 1, and becomes what is seen of it") {
  const ToolEdge proposed = template_edge();
  CHECK(proposed.weight == 0.5);
  CHECK(proposed.count == 1);
  CHECK(name_of(proposed.source) == "template");
  CHECK(edge_seen(&proposed, EdgeType::sequence, ConfidenceRule::growing).count == 2);
  CHECK(edge_seen(&proposed, EdgeType::sequence, ConfidenceRule::growing).source ==
        EdgeSource::inferred);
}

TEST_CASE("edges: names on the wire are read back as what they name") {
  for (const EdgeType type : {EdgeType::dependency, EdgeType::contains, EdgeType::provides,
                              EdgeType::sequence, EdgeType::other})
    CHECK(edge_type_of(name_of(type)) == type);
  for (const EdgeSource source :
       {EdgeSource::observed, EdgeSource::inferred, EdgeSource::template_, EdgeSource::other})
    CHECK(edge_source_of(name_of(source)) == source);
  CHECK(edge_type_of("whatever") == EdgeType::other);
  CHECK(edge_source_of("") == EdgeSource::other);
}

}  // namespace devs
