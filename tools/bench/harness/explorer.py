"""X: the page at `/`, in Chromium, against a scripted server; the files print their figures."""
import os
import pathlib
import subprocess

from harness.bench import Figure, Part

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXPLORER = ROOT / "tools" / "explorer"
LONG = "half_hour"
FILES = sorted(file.stem for file in (EXPLORER / "test" / "perf").glob("*.mjs") if file.stem != LONG)


def page(bench):
    return gates(bench, "the explorer page: gates missed (explorer.md section 9), by file", FILES)


def half_hour(bench):
    return gates(bench, "the explorer page and the real server, 100 envelopes/s for half an hour: gates missed", [LONG])


def gates(bench, title, files):
    part = Part(title, [Figure(name, name, "", "", "0") for name in files], "peer")
    missed = {}
    environment = os.environ | {"DEVS_BINARY": str(bench.build / "orchestrator" / "mcp-orchestrator")}
    for name in files:
        with bench.quiet():
            run = subprocess.run(["sh", ROOT / "tools" / "node" / "node.sh", "--experimental-strip-types", "--no-warnings",
                                  "--test-force-exit", "--test-reporter=spec", EXPLORER / "test" / "perf" / f"{name}.mjs"],
                                 env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(run.stdout, flush=True)
        counted = [line.split()[-1] for line in run.stdout.splitlines() if " fail " in line]
        missed[name] = int(counted[-1]) if counted else int(run.returncode != 0)
    part.rounds.append({"ours": missed})
    return [part]
