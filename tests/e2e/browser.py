"""Chromium, for the tests of the console: found, or installed from Debian where that is possible."""

import os
import shutil
import subprocess
from functools import cache
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the page under test is to be talked to.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@cache
def chromium() -> str:
    """Give Chromium's path; as root on Debian, install it where it is missing."""
    found = _found()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *arguments], env=environment, check=True, capture_output=True)  # noqa: S607
        found = _found()
    if found is None:
        message = "The tests of the console need Chromium: install your system's package chromium."
        raise RuntimeError(message)
    return found


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)
