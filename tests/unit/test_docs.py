"""What the documents claim to be held by a test is held by one that exists; what they lead to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / "events" / "README.md"]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """Give a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Give what a page's headings are linked by."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page.read_text()))
    assert {name for name in named if f"def {name}(" not in TESTS} == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_local_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text())
    assert [(to, anchor) for to, anchor in links if anchor not in anchors(page.parent / to if to else page)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_belongs_to_a_table_that_has_a_head(page: Path) -> None:
    blocks = [block.splitlines() for block in re.split(r"\n\s*\n", prose(page))]
    tables = [[line for line in block if line.startswith("|")] for block in blocks]
    assert [table[0] for table in tables if table and not re.fullmatch(r"[|:\- ]+", "".join(table[1:2]))] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_has_as_many_cells_as_its_head(page: Path) -> None:
    for block in re.split(r"\n\s*\n", prose(page)):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
        assert [row for row, count in zip(rows, cells, strict=True) if count != cells[0]] == []


def test_every_page_is_found_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+)", index.read_text())}
    pages = {*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")} - {index}
    assert sorted(map(name, pages - linked)) == []
