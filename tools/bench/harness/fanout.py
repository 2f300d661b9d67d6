"""F: one server, many readers of its stream."""
import dataclasses
import os
import tempfile

from harness import servers
from harness.bench import Figure, Part

# A frame of ours: id line, "data: ", 200 bytes, blank line, and its chunk's framing.
FRAME_BYTES = 242

CHECKED = [Figure("deliveries checked", "deliveries"),
           Figure("missing, damaged, doubled, disordered", "wrong")]
COST = [Figure("server CPU", "server_cpu_s", "s"),
        Figure("client CPU", "client_cpu_s", "s"),
        Figure("client: sent after due, p99", "publish_late_p99_us", "us"),
        Figure("server RSS", "server_rss_kb", "KB"),
        Figure("server threads", "server_threads")]


def latencies(p50="", p99=""):
    return [Figure("publish to received, p50", "p50_us", "us", "lower", p50),
            Figure("p90", "p90_us", "us", "lower"),
            Figure("p99", "p99_us", "us", "lower", p99),
            Figure("p99.9", "p999_us", "us", "lower"),
            Figure("max", "max_us", "us", "lower")]


def load(bench, part, column, server, seconds=None, **options):
    """One run of sse_load against `server`."""
    words = []
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), value]
    result = bench.client(
        part, column, "sse_load", "--stream", server.stream, "--publish", server.publish,
        "--seconds", seconds or bench.seconds, "--warm-up", bench.warm_up,
        "--pids", ",".join(map(str, server.pids)), *words)
    if result:
        result["wrong"] = sum(result[key] for key in ("missing", "damaged", "repeated", "disordered"))
        result["batching"] = result["deliveries"] / max(1, result["reads"])
    return result


def rounds(bench, part, measure, peer=servers.Nchan):
    """`measure(column, server)` against ours and the peer in turn."""
    for _ in range(bench.rounds):
        row = {"ours": bench.against(part, "ours", bench.ours, lambda server: measure("ours", server))}
        if peer is not None:
            row["peer"] = bench.against(part, "peer", peer, lambda server: measure("peer", server))
        part.rounds.append(row)
    return part


def fan_out(bench, readers, rate):
    part = Part(
        f"{readers} readers x {rate} events/s x 200 B",
        [Figure("deliveries per server CPU second", "deliveries_per_cpu_s", "/s", "higher",
                "2x nchan, 0.7 of floor"),
         *latencies("half of nchan's", "half of nchan's"), *CHECKED,
         Figure("deliveries per recv of the client", "batching"), *COST],
        "nchan")
    for _ in range(bench.rounds):
        rounds(one_round(bench), part, lambda column, server: load(
            bench, part, column, server, readers=readers, rate=rate))
        if bench.wants("floor"):
            with bench.quiet():
                part.rounds[-1]["floor"] = bench.client(
                    part, "floor", "floor", "--readers", readers, "--rate", rate,
                    "--bytes", FRAME_BYTES, "--seconds", bench.seconds)
    return part


def one_round(bench):
    return dataclasses.replace(bench, rounds=1)


def held(bench):
    readers = 2000 if bench.quick else 10_000
    part = Part(
        f"{readers} readers held x 10 events/s x 200 B",
        [Figure("connections accepted and answered per second", "connects_per_s", "/s", "higher", "5000/s"),
         Figure("growth of RSS per reader", "rss_kb_per_reader", "KB", "lower", "at most 4 KB"),
         Figure("heap per idle reader, every allocation counted", "bytes_per_reader", "B", "",
                "under 1024 B"),
         Figure("the same after an event", "bytes_per_reader_after_event", "B", "", "under 1024 B"),
         *latencies(), *CHECKED, *COST],
        "nchan")

    def measure(column, server):
        result = load(bench, part, column, server, readers=readers, rate=10)
        if result and column == "ours":
            with tempfile.TemporaryDirectory(prefix="bench-readers-") as folder:
                result |= bench.client(part, column, "reader_memory", "--readers", 2000 if bench.quick else 5000,
                                       "--dir", os.path.join(folder, "trace")) or {}
        return result
    return rounds(bench, part, measure)


def topics(bench):
    few, many, rate = 100, (2000 if bench.quick else 10_000), 1000
    part = Part(
        f"{many} topics with a reader each, {rate} events/s to one topic after another",
        [Figure(f"server CPU per event, {few} topics", "few_us", "us", "lower"),
         Figure(f"server CPU per event, {many} topics", "many_us", "us", "lower"),
         Figure("ratio", "ratio", "", "lower", "at most 1.2"),
         *latencies(), *CHECKED, *COST],
        "nchan")

    def measure(column, server):
        server.by_topic()
        first = load(bench, part, column, server, readers=few, topics=few, rate=rate)
        result = load(bench, part, column, server, readers=many, topics=many, rate=rate)
        if first and result:
            result["few_us"] = first["server_cpu_us_per_event"]
            result["many_us"] = result["server_cpu_us_per_event"]
            result["ratio"] = result["many_us"] / max(0.01, result["few_us"])
        return result
    return rounds(bench, part, measure)


def stopped(bench):
    healthy, stopped_readers, rate = 900, 100, 200
    seconds = bench.seconds if bench.quick else max(bench.seconds, 60)
    part = Part(
        f"{stopped_readers} readers that stopped reading beside {healthy} healthy ones, {rate} events/s"
        f" for {seconds:.0f} s",
        [Figure("healthy readers alone, p99", "alone_p99_us", "us"),
         Figure("healthy readers beside the stopped, p99", "p99_us", "us"),
         Figure("ratio", "ratio", "", "", "at most 1.1"),
         Figure("growth of RSS, beyond that without the stopped", "growth_kb", "KB", "", "under 5120 KB"),
         Figure("woken readers that had been closed and resumed", "resumed"),
         Figure("all of them have everything after", "wake_s", "s"),
         *CHECKED, *COST], "peer")

    def measure(column, server):
        alone = load(bench, part, column, server, seconds, readers=healthy, rate=rate)
        result = load(bench, part, column, server, seconds, readers=healthy + stopped_readers,
                      stopped=stopped_readers, rate=rate)
        if alone and result:
            result["alone_p99_us"] = alone["p99_us"]
            result["ratio"] = result["p99_us"] / alone["p99_us"]
            result["growth_kb"] = result["rss_growth_kb"] - alone["rss_growth_kb"]
        return result
    return rounds(bench, part, measure, peer=None)


def bursts(bench):
    readers, burst = 100, 10_000
    part = Part(
        f"{burst} events at once, {readers} readers",
        [Figure("deliveries per second, due to last delivery", "burst_deliveries_per_s", "/s", "higher",
                "500 000/s"),
         Figure("sends per reader and burst", "sends", "", "", f"at most {burst // 64}"),
         *latencies(), *CHECKED, Figure("deliveries per recv of the client", "batching"), *COST],
        "nchan, one POST per event")

    def measure(column, server):
        # The peer has no way to publish several at once.
        batch, lanes = (1000, 10) if column == "ours" else (1, 4)
        before = server.metric("http_stream_sends_total")
        result = load(bench, part, column, server, readers=readers, rate=burst / 2, burst=burst,
                      batch=batch, lanes=lanes)
        if result and before is not None:
            published = result["deliveries"] / readers / burst
            result["sends"] = (server.metric("http_stream_sends_total") - before) / readers / published
        return result
    return rounds(bench, part, measure)
