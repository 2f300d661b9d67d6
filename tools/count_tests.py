"""Reads a ctest JUnit report: passed, failed, then the names of what failed, a line each."""
import sys
import xml.etree.ElementTree

# ctest writes `run` for what passed; anything else (fail, disabled, notrun) did not.
try:
    cases = xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase")
except (OSError, xml.etree.ElementTree.ParseError) as why:
    sys.exit(f"count_tests: {sys.argv[1]}: {why}")
passed, failed = 0, []
for case in cases:
    if case.get("status") == "run" and case.find("failure") is None:
        passed += 1
    else:
        failed.append(case.get("name"))
print(passed, len(failed), *failed, sep="\n")
