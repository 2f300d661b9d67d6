#include "orchestrator/graph/edge_rules.h"

#include <algorithm>

namespace devs {
namespace {

constexpr double kFirst = 0.5;
constexpr double kGrowth = 1.1;
constexpr std::uint64_t kObservedFrom = 3;  // fewer sightings are an inference

double strength_of(EdgeType type) {
  switch (type) {
    case EdgeType::dependency:
      return 1.0;
    case EdgeType::contains:
      return 0.8;
    case EdgeType::provides:
      return 0.7;
    case EdgeType::sequence:
    case EdgeType::other:
      break;
  }
  return 0.5;
}

double trust_in(EdgeSource source) {
  switch (source) {
    case EdgeSource::observed:
      return 1.0;
    case EdgeSource::template_:
      return 0.5;
    case EdgeSource::inferred:
    case EdgeSource::other:
      break;
  }
  return 0.7;
}

}  // namespace

ToolEdge edge_seen(const ToolEdge* before, EdgeType type, ConfidenceRule rule) {
  ToolEdge now;
  now.count = before ? before->count + 1 : 1;
  now.type = before && strength_of(before->type) >= strength_of(type) ? before->type : type;
  now.source = now.count >= kObservedFrom ? EdgeSource::observed : EdgeSource::inferred;
  if (rule == ConfidenceRule::typed) {
    now.weight = strength_of(now.type) * trust_in(now.source);
  } else {
    now.weight = before ? std::min(before->weight * kGrowth, 1.0) : kFirst;
  }
  return now;
}

ToolEdge template_edge() {
  return {
      .weight = kFirst, .count = 1, .type = EdgeType::dependency, .source = EdgeSource::template_};
}

}  // namespace devs
