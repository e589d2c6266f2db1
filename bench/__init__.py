"""What Flowport costs, side by side with the bare AWS calls: `make bench`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "bench" / "out"
# The copy of the functions, and what they log: third-party code, so outside of what the linters walk through.
SCRATCH = ROOT / ".flowport-bench"

# Last, so that a process that measures the deployed copy imports that one.
sys.path.append(str(ROOT / "layers" / "core"))
