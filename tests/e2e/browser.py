"""Chromium for the tests of the console: found, or installed from Debian where that is possible; and its measures."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize, expect

AXE: Final = Path(__file__).resolve().parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
WIDE: Final = ViewportSize(width=1360, height=900)
PHONE: Final = ViewportSize(width=390, height=800)
# A machine that does everything at once takes its time.
PATIENCE: Final = 30_000

Open = Callable[..., Page]
"""Opens a view of the console, signed in."""

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


def settled(page: Page) -> None:
    """Wait until a view has its heading and all that it loads."""
    page.wait_for_selector("main h1")
    expect(page.locator(".loading")).to_have_count(0)


def faults(page: Page, view: str) -> list[str]:
    """List what axe finds serious or critical."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{view}: {fault['id']} ({fault['impact']}) at {node['target']}: {node['failureSummary'][:300]}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]
