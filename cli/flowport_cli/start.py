"""Where the `flowport` command starts: Ctrl-C ends it without a trace from the first moment on.

What the command needs takes a while to import, on a slow machine seconds.
"""

import signal
import sys

_INTERRUPTED = 130


def run() -> None:
    """Run the command."""
    # Whoever presses Ctrl-C before anything was done waits for no sentence.
    before = signal.signal(signal.SIGINT, lambda *_: sys.exit(_INTERRUPTED))
    from flowport_cli.main import app  # noqa: PLC0415  # this is what takes a while

    signal.signal(signal.SIGINT, before)
    app(prog_name="flowport")
