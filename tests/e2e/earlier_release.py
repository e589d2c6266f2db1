"""An earlier release's own tree, and its deployment by its own tools onto an engine."""

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Final

from dev.home import ROOT, Home, engine_environment

WITHOUT_ALIAS: Final = "18c1a6c2c7dafff0d9710b7494fcf9961c09dea1"
"""The last commit whose functions have no alias: what is upgraded from as long as there is no tag."""

_GIT: Final = shutil.which("git")
# What a deployment needs of a tree.
_PARTS: Final = (
    "template.yaml",
    "samples.yaml",
    "samconfig.toml",
    "layers",
    "functions",
    "statemachines",
    "operations",
    "dev",
)
_DEPLOY: Final = """
import json, sys
from pathlib import Path
from dev.deploy import deploy
from dev.engine import find
from dev.home import Home
home = Home(Path(sys.argv[1]), None)
print(json.dumps(deploy(home, find(home))), file=sys.stderr)
"""


def unpack(target: Path) -> str:
    """Put the tree of an earlier release into a folder; say which it is."""
    revision, name = _chosen()
    if revision:
        archive = subprocess.run([str(_GIT), "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
            tree.extractall(target, filter="data")
        return name
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, target / part)
    with (target / "layers/core/flowport/__init__.py").open("a") as module:
        module.write("# Another release.\n")
    return name


def with_pauses(tree: Path, pauses: str) -> None:
    """Give the tree's local deployment other pauses between the attempts to deliver a callback."""
    config = tree / "samconfig.toml"
    text, count = re.subn(r"CallbackPauses=[0-9,]+", f"CallbackPauses={pauses}", config.read_text())
    assert count == 1
    config.write_text(text)


def deploy(tree: Path, home: Home, url: str) -> dict[str, dict[str, str]]:
    """Build and deploy both stacks of a tree, as its own `make up` does; give their outputs."""
    done = subprocess.run(
        [sys.executable, "-c", _DEPLOY, str(home.path)],
        cwd=tree,
        env=engine_environment(url) | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outputs: dict[str, dict[str, Any]] = json.loads(done.stderr.splitlines()[-1])
    return outputs


def _chosen() -> tuple[str, str]:
    tag = _git("describe", "--tags", "--abbrev=0", "HEAD^")
    if tag:
        return tag, f"the release {tag}"
    if _git("rev-parse", "--verify", "--quiet", f"{WITHOUT_ALIAS}^{{commit}}"):
        return WITHOUT_ALIAS, f"the pinned commit {WITHOUT_ALIAS[:7]}"
    parent = _git("rev-parse", "--verify", "--quiet", "HEAD^")
    if parent:
        return parent, f"the commit before, {parent[:7]}"
    return "", "this very tree with another layer, since there is no history"


def _git(*arguments: str) -> str:
    if _GIT is None:
        return ""
    done = subprocess.run([_GIT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
