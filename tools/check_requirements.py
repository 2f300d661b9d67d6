"""Fails when docs/requirements.md and the tests disagree.

    check_requirements.py <root>           checks
    check_requirements.py <root> --write   fills in the column of tests
    check_requirements.py --self-test      proves that each rule can fail

A test cites a requirement by beginning its name with the id in brackets:
TEST_CASE("[S0.7] ..."), test('[S0.10] ...'), add_test(NAME "[S0.11] ...").
Several ids stand side by side: "[S0.2] [A9] ...".
"""
import pathlib
import re
import sys
import tempfile

TABLE = "docs/requirements.md"
ID = r"[A-Z][A-Z0-9]?(?:[0-9]*\.)?[0-9]+"
ROW = re.compile(rf"^\| ({ID}) \| (.+?) \| (done|later: .+?) \|(.*)\|$")
CITED = re.compile(
    r"(?:TEST_CASE|TEST_CASE_FIXTURE\([^,]+,|SUBCASE|\btest|\bit|\bdescribe|NAME)\s*\(?\s*[\"'`]"
    rf"((?:\[{ID}\]\s*)+)")
# The acceptance items of the streams, S0.1 to S0.18 and so on, and of the explorer: each has a row, done or promised
# for an issue.
ACCEPTANCE = {"S0.": 18, "S1.": 17, "S2.": 15, "S3.": 16, "S4.": 17, "SX.": 13, "E": 70}
SUFFIXES = {".cpp", ".h", ".mjs", ".sh", ".ts", ".txt"}
# Where tests are, and what a file is called in the table: its path below `tests`, else its whole one.
PLACES = {"tests": "tests", "tools/explorer/test": "."}


def citations(root):
    """id -> the test files that cite it."""
    found = {}
    files = [(path, base) for place, base in PLACES.items() for path in sorted((root / place).rglob("*"))]
    for path, base in files:
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        for ids in CITED.findall(path.read_text(errors="replace")):
            for one in re.findall(ID, ids):
                found.setdefault(one, set()).add(path.relative_to(root / base).as_posix())
    return found


def check(root, write=False, items=ACCEPTANCE):
    acceptance = {f"{part}{number}" for part, count in items.items() for number in range(1, count + 1)}
    cited, known, bad, lines = citations(root), set(), [], []
    for number, line in enumerate((root / TABLE).read_text().splitlines(), 1):
        row = ROW.match(line)
        if row:
            one, what, state, told = row.groups()
            told = {name.strip(" `") for name in told.split(",") if name.strip(" `")}
            files = cited.get(one, set())
            if one in known:
                bad.append(f"{TABLE}:{number}: {one} stands here twice")
            known.add(one)
            if one in acceptance and state != "done" and not re.fullmatch(r"later: (issue [0-9]+|approvals)", state):
                bad.append(f"{TABLE}:{number}: {one} is neither done nor `later: issue N` or `later: approvals`")
            if state == "done" and not files:
                bad.append(f"{TABLE}:{number}: {one} is marked done and no test cites it")
            if not write:
                bad += [f"{TABLE}:{number}: {name} does not cite {one}" for name in sorted(told - files)]
            line = f"| {one} | {what} | {state} | {', '.join(f'`{name}`' for name in sorted(files))} |"
        elif re.match(rf"\|\s*{ID}\s*\|", line):
            bad.append(f"{TABLE}:{number}: not a row of four columns whose third is `done` or `later: why`")
        lines.append(line)
    for one in sorted(set(cited) - known):
        bad.append(f"{', '.join(sorted(cited[one]))}: cites {one}, which {TABLE} does not know")
    bad += [f"{TABLE}: acceptance item {one} has no row" for one in sorted(acceptance - known)]
    if not known:
        bad.append(f"{TABLE}: no rows")
    if write:
        (root / TABLE).write_text("\n".join(lines) + "\n")
    return bad, known


def self_test():
    table = ("| S0.1 | a | done | |\n| S0.2 | b | done | |\n| A3 | c | later: issue 9 | |\n"
             "| S0.1 | a | done | |\n| S0.4 | d | maybe | |\n| S0.5 | e | done | `gone_test.cpp` |\n"
             "| S9.1 | f | later: some day | |\n| S9.2 | g | later: issue 5 | |\n| E1 | h | done | |\n")
    expected = ["S0.2 is marked done and no test", "S0.1 stands here twice", "not a row of four columns",
                "gone_test.cpp does not cite S0.5", "cites A32, which",
                "S9.1 is neither done nor", "acceptance item S0.3 has no row",
                "acceptance item E2 has no row"]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "docs").mkdir()
        (root / "tests").mkdir()
        (root / TABLE).write_text(table)
        (root / "tests/a_test.cpp").write_text('TEST_CASE("[S0.1] [A32] x") {}\nTEST_CASE(\n    "[S0.5] y") {}\n')
        (root / "tests/b.mjs").write_text("// [S0.2] in a comment proves nothing\n")
        (root / "tools/explorer/test").mkdir(parents=True)
        (root / "tools/explorer/test/c_test.ts").write_text("test('[E1] z', () => {});\n")
        bad, _ = check(root, items={"S0.": 3, "S9.": 2, "E": 2})
    problems = [f"not found: {text}" for text in expected if not any(text in line for line in bad)]
    return problems + ([f"too much: {bad}"] if len(bad) != len(expected) else [])


if sys.argv[1] == "--self-test":
    problems = self_test()
    print("\n".join(problems) or "each rule can fail")
    sys.exit(bool(problems))
bad, known = check(pathlib.Path(sys.argv[1]), "--write" in sys.argv)
print("\n".join(bad) or f"requirements ok: {len(known)} rows")
sys.exit(bool(bad))
