"""Which earlier release is upgraded from: the newest tag, else a pinned commit, else the one before, else this tree."""

from pathlib import Path

import pytest

from dev.home import ROOT
from tests.e2e import earlier_release

TAG, PARENT = "v1.2.0", "0" * 40


@pytest.mark.parametrize(
    ("known", "revision"),
    [
        ({"describe": TAG, "rev-parse": PARENT}, TAG),
        ({"rev-parse": PARENT}, earlier_release.WITHOUT_ALIAS),
        ({"HEAD^": PARENT}, PARENT),
        ({}, ""),
    ],
)
def test_the_newest_tag_comes_first_and_a_history_that_is_cut_off_skips_nothing(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, str], revision: str
) -> None:
    monkeypatch.setattr(earlier_release, "_git", lambda *words: known.get(words[0]) or known.get(words[-1], ""))
    chosen, name = earlier_release._chosen()
    assert chosen == revision
    assert name


def test_without_a_history_the_tree_itself_is_deployed_first_with_another_layer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(earlier_release, "_git", lambda *_: "")
    assert "no history" in earlier_release.unpack(tmp_path)
    for part in ("template.yaml", "functions/gateway/app.py", "dev/deploy.py", "layers/vendor/requirements.txt"):
        assert (tmp_path / part).read_bytes() == (ROOT / part).read_bytes()
    module = "layers/core/flowport/__init__.py"
    assert (tmp_path / module).read_bytes() != (ROOT / module).read_bytes()
    earlier_release.with_pauses(tmp_path, "8,8")
    assert "CallbackPauses=8,8 " in (tmp_path / "samconfig.toml").read_text()
