"""`python -m bench [section …]`: what Flowport costs, side by side with the bare AWS calls."""

import argparse
import sys
import time

from bench import calls, cold, end_to_end, latency
from bench.deployed import deploy
from bench.report import console

SECTIONS = {
    "calls": calls.measure,
    "latency": latency.measure,
    "cold": cold.measure,
    "engine": end_to_end.measure,
}


def main() -> int:
    """Measure the sections that are asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of: {', '.join(SECTIONS)}")
    sections = parser.parse_args().sections or list(SECTIONS)
    if unknown := set(sections) - SECTIONS.keys():
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    began = time.monotonic()
    deployed = deploy()
    outcomes = {section: SECTIONS[section](deployed) for section in sections}
    console.print(f"{time.monotonic() - began:.0f} s; the figures are in bench/out/*.json")
    # Counts do not depend on the machine, times do: only a broken bound of the former is a failure.
    return 1 if outcomes.get("calls") is False else 0


if __name__ == "__main__":
    sys.exit(main())
