"""`python -m load`: 2,000 mixed calls from 32 clients, and a count of what became of each."""

import argparse
import json
import os
import secrets
import sys
from pathlib import Path

from dev.home import ROOT, DevError
from load import session
from load.report import console, figures, show
from load.target import Target

OUT = ROOT / "load" / "out"


def main() -> int:
    """Make a load on the engine that FLOWPORT_LOCAL_JSON describes; 1 if anything was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=None, help="the same seed makes the same calls; else by chance")
    wanted = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if wanted.seed is None else wanted.seed
    try:
        target = Target.at(Path(os.environ.get("FLOWPORT_LOCAL_JSON", ".flowport/local.json")).resolve())
    except (DevError, FileNotFoundError) as error:
        parser.error(f"{error} Start one with `make up`, or run `make load`.")
    console.print(f"seed {seed}: {wanted.calls} calls, {wanted.clients} clients")
    done = session.run(target, seed=seed, calls=wanted.calls, clients=wanted.clients, say=console.print)
    show(done)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "load.json").write_text(json.dumps(figures(done), indent=2) + "\n")
    console.print("The figures are in load/out/load.json")
    return 0 if done.audit is not None and done.audit.passed else 1


if __name__ == "__main__":
    sys.exit(main())
