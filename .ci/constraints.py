"""Writes what `pip freeze` says on standard input into constraints.txt, as the pins of the Python that runs this.

Those of the other Pythons stay. A line without a marker holds for every Python.
"""

import sys
from collections import defaultdict
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
FILE = Path(__file__).parents[1] / "constraints.txt"
MARKER = " ; python_version in "

pythons = defaultdict(set)  # by pin
for line in FILE.read_text().splitlines():
    pin, _, named = line.partition(MARKER)
    pythons[pin] = set(named.strip("'").split() or PYTHONS)

this = "{}.{}".format(*sys.version_info)
for named in pythons.values():
    named.discard(this)
for pin in sys.stdin.read().splitlines():
    pythons[pin].add(this)

lines = [
    pin if named == set(PYTHONS) else f"{pin}{MARKER}'{' '.join(sorted(named))}'"
    for pin, named in sorted(pythons.items(), key=lambda item: item[0].lower())
    if named
]
FILE.write_text("\n".join(lines) + "\n")
