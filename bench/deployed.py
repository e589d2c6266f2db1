"""A copy of the functions as they lie in Lambda: code, layers and AWS's SDK, with bytecode that holds no times."""

import compileall
import hashlib
import importlib.metadata
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from bench import ROOT, SCRATCH

# What the Lambda runtime brings along.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "python-dateutil", "six")
_LOCKED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where the copy is."""

    root: Path

    @property
    def functions(self) -> dict[str, Path]:
        """Folders by function, those alone that are Flowport's own."""
        apps = sorted((self.root / "functions").glob("*/app.py"))
        return {app.parent.name: app.parent for app in apps if "flowport" in app.read_text()}

    def python_path(self, function: str = "") -> list[str]:
        """Give the import path in Lambda's order: the function, the layers, the runtime."""
        task = [str(self.root / "functions" / function)] if function else []
        return [*task, str(self.root / "core"), str(self.root / "vendor"), str(self.root / "runtime")]


def deploy() -> Deployed:
    """Copy and compile; third-party packages only when their versions changed."""
    copy = Deployed(SCRATCH / "deployed")
    vendor = _LOCKED.findall((ROOT / "layers" / "vendor" / "requirements.txt").read_text())
    _install(copy.root / "vendor", vendor)
    _install(copy.root / "runtime", RUNTIME)
    for source, name in ((ROOT / "functions", "functions"), (ROOT / "layers" / "core", "core")):
        shutil.rmtree(copy.root / name, ignore_errors=True)
        shutil.copytree(source, copy.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        _compile(copy.root / name)
    return copy


def _install(folder: Path, packages: tuple[str, ...] | list[str]) -> None:
    found = [importlib.metadata.distribution(name) for name in packages]
    versions = " ".join(f"{item.name}=={item.version}" for item in found)
    mark = folder / f".{hashlib.sha256(versions.encode()).hexdigest()[:16]}"
    if mark.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for distribution in found:
        for file in distribution.files or []:
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(distribution.locate_file(file)), target)
    _compile(folder)
    mark.touch()


def _compile(folder: Path) -> None:
    compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
