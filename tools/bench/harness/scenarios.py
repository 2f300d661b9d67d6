"""The scenarios: what runs against whom, in which turns, and which figures count."""
import contextlib
import dataclasses
import fcntl
import json
import subprocess

from harness import servers

# A frame of ours: id line, "data: ", 200 bytes, blank line, and its chunk's framing.
FRAME_BYTES = 242


@dataclasses.dataclass
class Figure:
    """One row: `key` of the JSON a load client printed."""

    label: str
    key: str
    unit: str = ""
    better: str = ""  # "higher", "lower", or not compared
    target: str = ""


@dataclasses.dataclass
class Part:
    """One load, its rounds of measurements by column, and the rows to show."""

    title: str
    figures: list
    peer: str
    rounds: list = dataclasses.field(default_factory=list)  # {"ours": {...}, "peer": {...}, ...}
    notes: set = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Bench:
    """Where the programs are, and how long a measurement takes."""

    build: object
    seconds: float
    warm_up: float
    rounds: int
    only: str
    lock: str

    def ours(self):
        return servers.Ours(self.build / "orchestrator" / "mcp-orchestrator")

    def client(self, part, column, program, *options):
        """One measurement: the dict the client printed, or None with a note."""
        command = [str(self.build / "tools" / "bench" / program), *map(str, options)]
        run = subprocess.run(command, capture_output=True, text=True)
        said = run.stderr.strip()
        if said:
            part.notes.add(f"{column}: {said.splitlines()[0][:200]}")
        if run.returncode > 1 or not run.stdout.strip():
            return None
        result = json.loads(run.stdout)
        if not result["ok"]:
            wrong = {key: result.get(key) for key in ("missing", "damaged", "disordered", "repeated",
                                                      "lost_connections", "refused", "wrong") if result.get(key)}
            part.notes.add(f"{column}: NOT CORRECT {wrong or 'publishes unanswered'}")
        return result

    @contextlib.contextmanager
    def quiet(self):
        """Holds the lock that others who load this machine are asked to respect."""
        if not self.lock:
            yield
            return
        with open(self.lock, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def against(self, part, column, make_server, measure):
        """Starts a server, measures it, ends it."""
        if self.only and column not in self.only.split(","):
            return None
        try:
            with self.quiet(), make_server() as server:
                return measure(server)
        except servers.Unavailable as why:
            part.notes.add(f"{column}: {why}")
            return None


def fan_out(bench, readers, rate):
    part = Part(
        f"{readers} readers x {rate} events/s x 200 B",
        [Figure("deliveries per server CPU second", "deliveries_per_cpu_s", "/s", "higher",
                "2x nchan, 0.7 of floor"),
         Figure("publish to received, p50", "p50_us", "us", "lower", "half of nchan's"),
         Figure("p90", "p90_us", "us", "lower"),
         Figure("p99", "p99_us", "us", "lower", "half of nchan's"),
         Figure("p99.9", "p999_us", "us", "lower"),
         Figure("max", "max_us", "us", "lower"),
         Figure("deliveries checked", "deliveries"),
         Figure("missing, damaged, doubled, disordered", "wrong"),
         Figure("deliveries per recv of the client", "batching"),
         Figure("server CPU", "server_cpu_s", "s"),
         Figure("client CPU", "client_cpu_s", "s"),
         Figure("client: sent after due, p99", "publish_late_p99_us", "us"),
         Figure("server RSS", "server_rss_kb", "KB"),
         Figure("server threads", "server_threads")],
        "nchan")

    def measure(column):
        def run(server):
            result = bench.client(
                part, column, "sse_load", "--stream", server.stream, "--publish", server.publish,
                "--readers", readers, "--rate", rate, "--seconds", bench.seconds,
                "--warm-up", bench.warm_up, "--pids", ",".join(map(str, server.pids)))
            if result:
                result["wrong"] = sum(result[key] for key in ("missing", "damaged", "repeated", "disordered"))
                result["batching"] = result["deliveries"] / max(1, result["reads"])
            return result
        return run

    for _ in range(bench.rounds):
        row = {"ours": bench.against(part, "ours", bench.ours, measure("ours")),
               "peer": bench.against(part, "peer", servers.Nchan, measure("peer"))}
        if not bench.only or "floor" in bench.only:
            with bench.quiet():
                row["floor"] = bench.client(part, "floor", "floor", "--readers", readers, "--rate", rate,
                                            "--bytes", FRAME_BYTES, "--seconds", bench.seconds)
        part.rounds.append(row)
    return part


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


SCENARIOS = {
    "F1": ("fan-out cost", lambda bench: [fan_out(bench, 1000, 100)]),
    "F2": ("publish to received", lambda bench: [fan_out(bench, 100, 1000), fan_out(bench, 1000, 100)]),
    "C1": ("built-in tool calls", lambda bench: [tool_calls(bench, n) for n in (1, 16, 64)]),
}
