"""C: calls of tools over MCP."""
from harness import servers
from harness.bench import Figure, Part


def tool_calls(bench, connections):
    target = {1: "p50 at most 150 us"}.get(connections, "15x, 20 000/s")
    part = Part(
        f"tools/call echo, {connections} connection{'s' if connections > 1 else ''}, protocol 2025-11-25",
        [Figure("calls per second", "calls_per_s", "/s", "higher", target),
         Figure("p50", "p50_us", "us", "lower"),
         Figure("p90", "p90_us", "us", "lower"),
         Figure("p99", "p99_us", "us", "lower"),
         Figure("p99.9", "p999_us", "us", "lower"),
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
                                "--pids", ",".join(map(str, server.pids)))
        return run

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure("ours")),
                            "peer": bench.against(part, "peer", servers.SdkServer, measure("peer"))})
    return part
