"""How an endpoint's module and name are written as one text: `module/name`.

A `/` inside a part is written `%2F`, a `%` as `%25`, a `#` as `%23`; every other character stands for itself. So the
text means one endpoint only, in keys, in jobs' documents, in filters and in the lists that credentials are limited to,
and it is part of a URL's path as it is but for the characters that no URL carries.
"""

from typing import Final
from urllib.parse import unquote

_ESCAPES: Final = str.maketrans({"%": "%25", "/": "%2F", "#": "%23"})


def endpoint_address(module: str, name: str) -> str:
    """Write an endpoint's address."""
    return f"{module.translate(_ESCAPES)}/{name.translate(_ESCAPES)}"


def endpoint_parts(address: str) -> tuple[str, str] | None:
    """Read an address, or a text that a person wrote like one: module and name, each decoded once.

    None when it does not have two parts, or when what was decoded is not UTF-8.
    """
    parts = address.split("/")
    if len(parts) != 2:  # noqa: PLR2004  # module and name
        return None
    try:
        module, name = (unquote(part, errors="strict") for part in parts)
    except UnicodeDecodeError:
        return None
    return (module, name) if module and name else None
