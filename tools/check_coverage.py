"""Fails when the tests of the bus and of the streams leave too many lines unrun.

    check_coverage.py <root> <folder of counting objects> <test program>...

Runs the programs, whose sources below count their lines, and asks gcov; each group of
sources must reach the floor.
"""
import glob
import json
import pathlib
import subprocess
import sys

FLOOR = 90.0  # per cent of lines
GROUPS = {
    "the bus": ["trace/trace_stream_bus.cpp"],
    "the stream routes": ["orchestrator/streams/*.cpp"],
}

root, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()

for old in build.rglob("*.gcda"):
    old.unlink()
for test in sys.argv[3:]:
    run = subprocess.run([test], cwd=build, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode != 0:
        sys.exit(f"{test}:\n{run.stdout}")

# source -> line -> how often; a header-only line counts once however many include it.
counts = {}
for data in build.rglob("*.gcda"):
    told = subprocess.run(["gcov", "--json-format", "--stdout", data], cwd=build, text=True, capture_output=True)
    for document in filter(None, told.stdout.splitlines()):
        unit = json.loads(document)
        for file in unit["files"]:
            source = pathlib.Path(unit["current_working_directory"], file["file"]).resolve()
            lines = counts.setdefault(str(source), {})
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
