"""MiniStack with the paths that API Gateway would hand on: run by `dev/engine.py`, as the engine's own process.

A REST API on AWS gives a function the path as the client sent it. The engine gives it decoded, so that `%2F` has become
a separator and `%2525` could be decoded twice. Its server knows the path as it was sent, and so does the one function
that every call of an API goes through: here it is given that path instead of the decoded one. Nothing else of the
engine is touched, and what is no call of an API still sees the decoded path.
"""

from typing import Any

import ministack.app as engine  # type: ignore[import-untyped]

_serve_api = engine._handle_execute_api_request  # noqa: SLF001 - the engine has no setting for it


async def _serve_api_exactly(host: str, path: str, *rest: Any, raw_path: str | None = None, **more: Any) -> Any:  # noqa: ANN401
    return await _serve_api(host, raw_path or path, *rest, raw_path=raw_path, **more)


def install() -> None:
    """Let every call of an API through its path as it was sent."""
    engine._handle_execute_api_request = _serve_api_exactly  # noqa: SLF001


if __name__ == "__main__":
    install()
    engine.main()
