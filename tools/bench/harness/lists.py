"""Q: questions about the past."""
from harness.bench import Figure, Part
from harness.recorder import Folder

ASKED = ["newest", "page_500", "calls", "calls_failed", "operation", "status", "session", "dates", "workflow", "cost",
         "duration", "throughput", "errors", "quality", "meta", "search", "search_nothing", "search_id", "owner"]


def spans(bench):
    count = 20_000 if bench.quick else 100_000
    part = Part(f"{count} spans: GET /api/analytics/traces/list, a page of 20 and its total, p50",
                [Figure("the slowest", "worst_ms", "ms", "", "100 ms"),
                 *[Figure(name.replace("_", " "), f"{name}_ms", "ms") for name in ASKED],
                 Figure("index made", "index_s", "s"), Figure("entries indexed", "entries_per_s", "/s"),
                 Figure("trace.db", "index_kb", "KB")], "peer")
    for _ in range(bench.rounds):
        with bench.quiet(), Folder() as folder:
            part.rounds.append({"ours": bench.client(
                part, "ours", "span_lists", "--dir", folder / "trace", "--spans", count)})
    return part
