"""C: calls of tools over MCP."""
from harness import servers
from harness.bench import Figure, Part

REVISION = {"legacy": "2025-11-25", "modern": "2026-07-28"}


def tool_calls(bench, connections, era="legacy"):
    """The peer knows the legacy era alone: it is measured in that whatever ours is."""
    target = {1: "p50 at most 150 us"}.get(connections, "15x, 20 000/s")
    p99 = "under 2 ms" if connections == 1 else ""
    fair = [Figure("slowest connection, of the mean", "slowest_of_mean", "", "", "at least 0.5")] if connections > 1 else []
    part = Part(
        f"tools/call echo, {connections} connection{'s' if connections > 1 else ''}, protocol {REVISION[era]}",
        [Figure("calls per second", "calls_per_s", "/s", "higher", target),
         Figure("p50", "p50_us", "us", "lower"),
         Figure("p90", "p90_us", "us", "lower"),
         Figure("p99", "p99_us", "us", "lower", p99),
         Figure("p99.9", "p999_us", "us", "lower"),
         *fair,
         Figure("server CPU per call", "server_cpu_us_per_call", "us", "lower"),
         Figure("calls checked", "calls"),
         Figure("wrong answers", "wrong"),
         Figure("client CPU", "client_cpu_s", "s"),
         Figure("server RSS", "server_rss_kb", "KB"),
         Figure("server threads", "server_threads")],
        "TypeScript SDK server")

    def measure(column):
        def run(server):
            return bench.client(part, column, "mcp_load", "--url", server.mcp, "--connections", connections,
                                "--seconds", bench.seconds, "--warm-up", bench.warm_up,
                                "--era", era if column == "ours" else "legacy", "--pids", ",".join(map(str, server.pids)))
        return run

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure("ours")),
                            "peer": bench.against(part, "peer", servers.SdkServer, measure("peer"))})
    return part


def parked_calls(bench):
    calls = 1000 if bench.quick else 10_000
    part = Part(
        f"{calls} calls that wait for the client at once, half by elicitation, half by sampling",
        [Figure("RSS per parked call, its connection included", "kb_per_call", "KB", "", "under 8 KB"),
         Figure("threads before", "threads_before"), Figure("threads with all parked", "threads_parked", "", "", "the same"),
         Figure("all parked after", "park_s", "s"), Figure("RSS before", "rss_before_kb", "KB"),
         Figure("RSS with all parked", "rss_parked_kb", "KB")], "peer")
    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(
            part, "ours", bench.fixture, lambda server: bench.client(
                part, "ours", "parked_calls", "--url", server.mcp, "--calls", calls,
                "--pids", server.process.pid))})
    return part
