"""The console's page and its parts: built files, served as they lie in the function's package.

Whatever names no file below `/console/` is the page itself, which finds its view by the path. Nothing is compressed: a
REST API answers in binary only where it takes every call's body for binary, which the other routes should not pay for,
and a browser loads a part once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flowport.adapters.api_gateway import answer_of, request_of
from flowport.dialects.native.answers import problem
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.errors import FlowportError, MethodNotAllowed, NotFound

PAGE: Final = "index.html"
PARTS: Final = "assets/"
METHODS: Final = "GET, HEAD, OPTIONS"
# Scripts and styles come from the page's own origin and from files alone, and so does all that it talks to.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000",
}
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class NotBuilt(FlowportError):
    """The package holds no built files."""

    kind = "console-not-built"
    title = "The console was not built"
    status = 503


@dataclass(frozen=True, slots=True)
class Console:
    """Serves requests; `files` are the texts of the built files by their path below `/console/`."""

    files: Mapping[str, str]
    custom_domain: str = ""
    base_path: str = ""

    @classmethod
    def of(cls, folder: Path, custom_domain: str = "", base_path: str = "") -> "Console":
        """Read a folder of built files, once."""
        found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
        files = {name: path.read_text() for name, path in found.items() if path.suffix in TYPES and path.is_file()}
        return cls(files, custom_domain, base_path)

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one API Gateway event."""
        request = request_of(event, self.custom_domain, self.base_path)
        try:
            response = self._answer(request)
        except FlowportError as error:
            response = problem(error)
            response = HttpResponse(response.status, response.body, {"Cache-Control": "no-store", **response.headers})
        body = "" if request.method == "HEAD" else response.body
        return answer_of(HttpResponse(response.status, body, {**response.headers, **SECURITY}))

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(204, "", {"Allow": METHODS})
        if request.method not in {"GET", "HEAD"}:
            message = f"{request.path} does not take {request.method}; it takes: {METHODS}."
            raise MethodNotAllowed(message, headers={"Allow": METHODS})
        if PAGE not in self.files:
            message = "The files of the console are not in its function's package: run `make console`, and deploy."
            raise NotBuilt(message)
        name = "/".join(request.segments[1:])
        if name not in self.files:
            if name.startswith(PARTS):
                message = f"There is no {request.path}; the page that asked for it is of another release. Load it anew."
                raise NotFound(message)
            name = PAGE
        text = self.files[name]
        if name == PAGE:
            # Its parts are named by whole paths, since the page is served at paths of any depth.
            text = text.replace('"./', f'"{_root(request)}/console/')
        return _file(request, name, text)


def _root(request: HttpRequest) -> str:
    """Give the path under which the API is reached: its stage, or its domain's base path."""
    _, _, rest = request.base_url.partition("://")
    _, slash, path = rest.partition("/")
    return slash + path


def _file(request: HttpRequest, name: str, text: str) -> HttpResponse:
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        # A part's name changes with its content, the page's does not.
        "Cache-Control": "public, max-age=31536000, immutable" if name.startswith(PARTS) else "no-cache",
    }
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return HttpResponse(304, "", headers)
    return HttpResponse(200, text, {"Content-Type": TYPES[Path(name).suffix], **headers})
