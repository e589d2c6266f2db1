"""Many callers at once against the deployed stack, and a count of what became of each call: `make load`."""

import sys

from dev.home import ROOT

sys.path.append(str(ROOT / "layers" / "core"))
