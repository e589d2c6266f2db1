"""One step of the sample workflow `three-steps`: takes its time and changes nothing, so it can be repeated.

In:  {"step": 2, "seconds": 0.5}
Out: {"step": 2}
"""

import time
from typing import Any

LONGEST_SECONDS = 5.0


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    time.sleep(min(float(event["seconds"]), LONGEST_SECONDS))
    return {"step": event["step"]}
