"""What a scenario is made of: figures, parts, and one bench that measures them."""
import contextlib
import dataclasses
import fcntl
import json
import subprocess

from harness import servers


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
    quick: bool = False

    def ours(self, trace_dir=None, settings=None, environment=None):
        return servers.Ours(self.build / "orchestrator" / "mcp-orchestrator", trace_dir, settings, environment)

    def fixture(self):
        return servers.Fixture(self.build / "tests" / "support" / "mcp_fixture" / "mcp_fixture")

    def wants(self, column):
        return not self.only or column in self.only.split(",")

    def start(self, program, *options):
        """A program of ours, running; finished() reads what it says."""
        command = [str(self.build / "tools" / "bench" / program), *map(str, options)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def client(self, part, column, program, *options):
        """One measurement: the dict the client printed, or None with a note."""
        return self.finished(part, column, self.start(program, *options))

    def finished(self, part, column, process):
        stdout, said = process.communicate()
        if said.strip():
            part.notes.add(f"{column}: {said.strip().splitlines()[0][:200]}")
        if process.returncode > 1 or not stdout.strip():
            part.notes.add(f"{column}: NOT CORRECT, no result")
            return None
        result = json.loads(stdout)
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
        if not self.wants(column):
            return None
        try:
            with self.quiet(), make_server() as server:
                return measure(server)
        except servers.Unavailable as why:
            part.notes.add(f"{column}: {why}")
            return None
