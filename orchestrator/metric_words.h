#pragma once

#include "trace/metrics.h"

namespace devs {

// THE table of what each metric says: `# HELP` of /metrics, and docs/operations.md.
void describe_metrics(Metrics& metrics);

}  // namespace devs
