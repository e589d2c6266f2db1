"""The console's function: what it serves under which headers, and that nothing else can get into its page."""

import re
from pathlib import Path
from typing import Any

import pytest

from flowport.console import POLICY, Console

PAGE = '<link rel="stylesheet" href="./assets/a-1.css"><script type="module" src="./assets/a-1.js"></script>'
FILES = {"index.html": PAGE, "assets/a-1.js": "1", "assets/a-1.css": "a{}", "assets/icon-1.svg": "<svg/>"}
ROOT = Path(__file__).resolve().parents[2]


def ask(path: str, method: str = "GET", *, console: Console | None = None, tag: str = "") -> dict[str, Any]:
    event = {
        "httpMethod": method,
        "path": path,
        "headers": {"Host": "a1.execute-api.us-east-1.amazonaws.com", "If-None-Match": tag},
        "requestContext": {"path": f"/prod{path}"},
    }
    return (console or Console(FILES)).handle(event)


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/jobs/1", "/console/endpoints/a%2Fb/v1.2/try"])
def test_every_view_is_the_page_with_its_parts_by_whole_paths(path: str) -> None:
    answer = ask(path)
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'src="/prod/console/assets/a-1.js"' in answer["body"]
    assert 'href="/prod/console/assets/a-1.css"' in answer["body"]
    assert answer["headers"]["Cache-Control"] == "no-cache"


def test_behind_a_domain_the_page_names_its_base_path() -> None:
    console = Console(FILES, "flows.example.com", "api")
    answer = console.handle({"httpMethod": "GET", "path": "/api/console/", "headers": {"Host": "flows.example.com"}})
    assert 'src="/api/console/assets/a-1.js"' in answer["body"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a-1.js", "text/javascript; charset=utf-8"),
        ("a-1.css", "text/css; charset=utf-8"),
        ("icon-1.svg", "image/svg+xml"),
    ],
)
def test_a_part_is_kept_for_a_year_since_its_name_changes_with_it(name: str, kind: str) -> None:
    answer = ask(f"/console/assets/{name}")
    assert (answer["statusCode"], answer["body"]) == (200, FILES[f"assets/{name}"])
    assert answer["headers"]["Content-Type"] == kind
    assert answer["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["isBase64Encoded"] is False


def test_a_part_of_another_release_is_404_and_not_the_page() -> None:
    answer = ask("/console/assets/a-0.js")
    assert answer["statusCode"] == 404
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_a_page_that_has_not_changed_is_304() -> None:
    tag = ask("/console/")["headers"]["ETag"]
    answer = ask("/console/", tag=f"W/{tag}")
    assert (answer["statusCode"], answer["body"], answer["headers"]["ETag"]) == (304, "", tag)


def test_the_same_page_under_another_stage_has_another_tag() -> None:
    other = Console(FILES).handle({"httpMethod": "GET", "path": "/console/", "headers": {}, "requestContext": {}})
    assert other["headers"]["ETag"] != ask("/console/")["headers"]["ETag"]


def test_head_is_get_without_a_body() -> None:
    answer = ask("/console/", "HEAD")
    assert (answer["statusCode"], answer["body"]) == (200, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_sent_to_the_console(method: str) -> None:
    answer = ask("/console/", method)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/console/", "/console/assets/a-1.js", "/console/assets/none.js"])
def test_every_answer_carries_the_policy(path: str) -> None:
    headers = ask(path)["headers"]
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_lets_nothing_in_but_the_pages_own_files() -> None:
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert all(directives[name] == "'self'" for name in ("script-src", "style-src", "img-src", "connect-src"))
    assert not re.search(r"unsafe|https?:|data:|\*", POLICY)
    assert directives["frame-ancestors"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"


def test_a_package_without_built_files_says_what_to_do() -> None:
    answer = ask("/console/", console=Console({}))
    assert answer["statusCode"] == 503
    assert "make console" in answer["body"]


def test_only_files_below_the_folder_are_served(tmp_path: Path) -> None:
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text(PAGE)
    (tmp_path / "static" / "assets" / "a.map").write_text("{}")
    (tmp_path / "secret.js").write_text("secret")
    console = Console.of(tmp_path / "static")
    assert set(console.files) == {"index.html"}
    assert ask("/console/..%2Fsecret.js", console=console)["body"] == ask("/console/", console=console)["body"]


def test_the_page_holds_no_inline_script_or_style() -> None:
    page = (ROOT / "console" / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=", page) == []


def test_no_package_address_is_in_the_lock_file() -> None:
    assert '"resolved"' not in (ROOT / "console" / "package-lock.json").read_text()
