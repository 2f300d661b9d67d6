"""Fails when the tests of the bus and of the streams leave too many lines unrun.

    check_coverage.py <root> <build folder>

Builds the two test programs with coverage counters in a build folder of its own,
runs them, and asks gcov; each group of sources below must reach the floor.
"""
import glob
import json
import pathlib
import subprocess
import sys

FLOOR = 90.0  # per cent of lines
TESTS = ["trace_test", "streams_test"]
GROUPS = {
    "the bus": ["trace/trace_stream_bus.cpp"],
    "the stream routes": ["orchestrator/streams/*.cpp"],
}

root, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()


def must(*command):
    run = subprocess.run(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{run.stdout}")
    return run.stdout


must("cmake", "-S", root, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DDEVS_BUILD_BENCH=OFF", "-DDEVS_EXPLORER=OFF",
     "-DCMAKE_CXX_FLAGS=-O0 -g1 --coverage -fprofile-abs-path -fprofile-update=atomic")
must("cmake", "--build", build, "--target", *TESTS)
for old in build.rglob("*.gcda"):
    old.unlink()
for test in TESTS:
    must(*build.rglob(test))

# source -> line -> how often; a header-only line counts once however many include it.
counts = {}
for data in build.rglob("*.gcda"):
    told = subprocess.run(["gcov", "--json-format", "--stdout", data], cwd=build, text=True, capture_output=True)
    for document in filter(None, told.stdout.splitlines()):
        for file in json.loads(document)["files"]:
            lines = counts.setdefault(str((build / file["file"]).resolve()), {})
            for line in file["lines"]:
                lines[line["line_number"]] = max(lines.get(line["line_number"], 0), line["count"])

low = False
for name, patterns in GROUPS.items():
    sources = sorted(path for pattern in patterns for path in glob.glob(str(root / pattern)))
    ran = total = 0
    missed = {}
    for source in sources:
        lines = counts.get(source, {})
        total += len(lines)
        ran += sum(count > 0 for count in lines.values())
        missed[source] = [number for number, count in sorted(lines.items()) if count == 0]
    percent = 100.0 * ran / total if total else 0.0
    print(f"{name}: {percent:.1f} % of {total} lines")
    if percent < FLOOR:
        low = True
        for source, numbers in missed.items():
            print(f"  {pathlib.Path(source).relative_to(root)} not run: {', '.join(map(str, numbers))}")
sys.exit(low)
