"""S: bounds that must hold however long it goes on."""
from harness.bench import Figure, Part


def sessions(bench):
    """Every session may be held by one principal here: there is no other without authentication."""
    initialises, most = (30_000, 2000) if bench.quick else (1_000_000, 10_000)
    part = Part(
        f"{initialises} initialises of clients that never come back, {most} sessions at most",
        [Figure("initialises per second", "per_s", "/s"),
         Figure("RSS of an idle session", "kb_per_session", "KB", "", "at most 8 KB"),
         Figure("RSS more for a session with an open GET, its connection included", "kb_per_stream", "KB"),
         Figure("RSS with the table full", "rss_full_kb", "KB"),
         Figure("RSS after a tenth", "rss_tenth_kb", "KB"), Figure("RSS at the end", "rss_end_kb", "KB"),
         Figure("growth over the last nine tenths", "growth_percent", "%", "", "at most 5 %")], "peer")

    def measure(server):
        result = bench.client(part, "ours", "session_flood", "--url", server.mcp, "--pids", server.process.pid,
                              "--initialises", initialises, "--max", most)
        if result:
            result["growth_percent"] = percent(result["rss_tenth_kb"], result["rss_end_kb"])
            held(part, result["growth_percent"] <= 5, "RSS grew")
            held(part, result["kb_per_session"] <= 8, "an idle session is large")
        return result

    part.rounds.append({"ours": bench.against(part, "ours", lambda: bench.ours(
        settings={"sessions": {"max": most, "max_per_principal": most}}), measure)})
    return part


def streamed(bench):
    warm, calls = (20_000, 10_000) if bench.quick else (60_000, 100_000)
    part = Part(
        f"{calls} calls answered by event streams, after {warm} that fill the ring and what is kept for resume",
        [Figure("calls per second", "calls_per_s", "/s"), Figure("p99", "p99_us", "us"),
         Figure("RSS before", "rss_before_kb", "KB"), Figure("RSS after", "server_rss_kb", "KB"),
         Figure("growth", "growth_percent", "%", "", "at most 5 %"), Figure("wrong answers", "wrong")], "peer")

    def measure(server):
        result = bench.client(part, "ours", "mcp_load", "--url", server.mcp, "--pids", server.process.pid,
                              "--connections", 16, "--tool", "sleep", "--arguments", '{"ms":1}', "--streamed", "yes",
                              "--warm-calls", warm, "--calls", calls)
        if result:
            result["growth_percent"] = percent(result["rss_before_kb"], result["server_rss_kb"])
            held(part, result["growth_percent"] <= 5, "RSS grew")
        return result

    part.rounds.append({"ours": bench.against(part, "ours", lambda: bench.ours(
        settings={"mcp": {"sse_after_ms": 0}, "trace": {"ring_entries": 16_384}}), measure)})
    return part


def idle(bench):
    part = Part("started, without a server behind it",
                [Figure("RSS", "rss_kb", "KB", "", "at most 15 MB"), Figure("threads", "threads")], "peer")

    def measure(server):
        server.settle()
        result = {"rss_kb": server.rss_kb(), "threads": server.threads()}
        held(part, result["rss_kb"] <= 15 * 1024, "RSS")
        return result

    part.rounds.append({"ours": bench.against(part, "ours", bench.ours, measure)})
    return part


def lists(bench):
    tools = 2000 if bench.quick else 10_000
    part = Part(f"tools/list with {tools} tools of one server behind it, page after page",
                [Figure("tools", "tools"), Figure("pages", "pages"), Figure("a page", "kb_per_page", "KB"),
                 Figure("listed after", "listed_after_s", "s"),
                 Figure("a page, p50", "p50_us", "us"), Figure("p99", "p99_us", "us", "", "under 5 ms"),
                 Figure("max", "max_us", "us"),
                 Figure("longest turn of the reactor, building included", "turn_us", "us"),
                 Figure("RSS", "rss_kb", "KB")], "peer")
    upstream = bench.build / "tests" / "orchestrator" / "upstream" / "fake_upstream"

    def measure(server):
        result = bench.client(part, "ours", "list_load", "--url", server.mcp, "--tools", tools)
        if result:
            result["turn_us"] = server.metric("reactor_longest_turn_us")
            result["rss_kb"] = server.rss_kb()
            held(part, result["p99_us"] < 5000, "a page takes long")
        return result

    for _ in range(bench.rounds):
        part.rounds.append({"ours": bench.against(part, "ours", lambda: bench.ours(settings={
            "mcpServers": {"many": {"command": str(upstream), "args": ["--many", str(tools)]}}}), measure)})
    return part


def percent(before, after):
    return 100 * (after - before) / before


def held(part, holds, what):
    if not holds:
        part.notes.add(f"ours: NOT CORRECT, {what}")
