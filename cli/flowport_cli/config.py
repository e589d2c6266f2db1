"""Where the base URL and the token come from: option, environment, profile file, in this order.

The profile file is TOML, one table for each profile:

    [default]
    base_url = "https://…/prod"
    token = "…"

It holds credentials, so it is written with mode 0600 and refused when anybody else could read it.
"""

import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tomli_w

from flowport_cli.errors import WrongUse

DEFAULT_PROFILE: Final = "default"
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_HEADER: Final = "# Written by `flowport bootstrap`. Holds credentials: keep the mode 0600.\n"


@dataclass(frozen=True, slots=True)
class Profile:
    """A named pair of base URL and token; either may be missing."""

    base_url: str | None = None
    token: str | None = None


def config_path() -> Path:
    """`$FLOWPORT_CONFIG`, else `~/.config/flowport/config.toml`."""
    named = os.environ.get("FLOWPORT_CONFIG")
    return Path(named) if named else Path.home() / ".config" / "flowport" / "config.toml"


def read_profiles(path: Path) -> Mapping[str, Profile]:
    """Read every profile; none when there is no file.

    Raises:
        WrongUse: the file can be read by others, cannot be read by us, or is not a profile file.
    """
    try:
        # The mode of what was opened, not of what has the name a moment later.
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & OTHERS:
                raise WrongUse(
                    f"The profile file {path} holds credentials, and others can read it (mode {mode:04o}).",
                    hint=f"chmod 600 {path}",
                )
            content = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise WrongUse(f"The profile file {path} cannot be read: {error.strerror}.") from error
    try:
        tables = tomllib.loads(content.decode())
        return {name: _profile(name, table) for name, table in tables.items()}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise WrongUse(
            f"The profile file {path} is not what it should be: {error}.",
            hint='It is TOML: a table [NAME] for each profile, with the strings "base_url" and "token".',
        ) from error


def _profile(name: str, table: object) -> Profile:
    if not isinstance(table, dict):
        raise TypeError(f"{name!r} stands outside of a table")
    for key in ("base_url", "token"):
        if not isinstance(table.get(key, ""), str):
            raise TypeError(f"{key!r} of profile {name!r} is not a string")
    return Profile(base_url=table.get("base_url"), token=table.get("token"))


def write_profile(path: Path, name: str, profile: Profile) -> None:
    """Add or replace one profile; the others stay. The file is replaced in one step and never open to others."""
    profiles = {**read_profiles(path), name: profile}
    text = _HEADER + tomli_w.dumps(
        {
            name: {key: value for key in ("base_url", "token") if (value := getattr(profile, key)) is not None}
            for name, profile in profiles.items()
        }
    )
    target = Path(os.path.realpath(path))  # a link into a dotfiles folder stays a link
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(target, text)
    except OSError as error:
        raise WrongUse(f"The profile file {path} cannot be written: {error.strerror}.") from error


def _replace(target: Path, text: str) -> None:
    descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mkstemp: mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def choose_profile(path: Path, name: str | None) -> Profile:
    """Give the named profile, or the default one, which may be missing.

    Raises:
        WrongUse: there is no profile of that name.
    """
    profiles = read_profiles(path)
    if name is not None and name not in profiles:
        there = ", ".join(profiles) or "none"
        raise WrongUse(
            f"There is no profile {name!r} in {path}; there is: {there}.",
            hint=f"Make it with `flowport --profile {name} bootstrap`.",
        )
    return profiles.get(name or DEFAULT_PROFILE, Profile())
