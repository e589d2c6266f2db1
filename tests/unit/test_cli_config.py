"""Base URL, token and profile: where they come from, and the file that keeps them."""

import os
import stat
import tomllib
from pathlib import Path

import pytest

from flowport_cli.config import Profile, config_path, read_profiles, write_profile
from flowport_cli.errors import WrongUse
from tests.unit.test_cli_harness import BASE_URL, TOKEN, Cli, answer, cli

__all__ = ["cli"]

PROFILE_TOKEN = "fp_team_99999999999999999999999999999999999999"


@pytest.fixture
def with_profiles(cli: Cli) -> Cli:
    cli.env |= {"FLOWPORT_BASE_URL": None, "FLOWPORT_TOKEN": None}
    write_profile(cli.config, "default", Profile("https://profile.example.com/dev", PROFILE_TOKEN))
    write_profile(cli.config, "other", Profile("https://other.example.com/x", "fp_other_token"))
    cli.api.replies = [answer({"items": [], "cursor": None})]
    return cli


def sent(cli: Cli) -> tuple[str, str]:
    return str(cli.api.last.url), cli.api.last.headers["Authorization"]


def test_a_written_profile_file_is_mode_0600_in_a_folder_of_mode_0700(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"

    write_profile(path, "default", Profile(BASE_URL, TOKEN))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_generous_umask_does_not_open_the_profile_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_profile(tmp_path / "config.toml", "default", Profile(BASE_URL, TOKEN))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "config.toml").stat().st_mode) == 0o600


def test_writing_a_profile_keeps_the_others_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    write_profile(path, "default", Profile(BASE_URL, TOKEN))
    write_profile(path, "a b", Profile("https://b.example.com"))

    assert path.read_text() == (
        "# Written by `flowport bootstrap`. Holds credentials: keep the mode 0600.\n"
        "[default]\n"
        'base_url = "https://api.example.com/prod"\n'
        f'token = "{TOKEN}"\n'
        "\n"
        '["a b"]\n'
        'base_url = "https://b.example.com"\n'
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    write_profile(path, "default", Profile(BASE_URL, TOKEN))
    before = path.read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(WrongUse, match="No space left on device"):
        write_profile(path, "default", Profile("https://new.example.com", "new"))

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_profile_file_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    link = tmp_path / "config.toml"
    link.symlink_to(tmp_path / "dotfiles" / "flowport.toml")

    write_profile(link, "default", Profile(BASE_URL, TOKEN))

    assert link.is_symlink()
    assert read_profiles(link) == {"default": Profile(BASE_URL, TOKEN)}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_profile_file_that_others_can_read_is_refused_without_a_request(with_profiles: Cli, mode: int) -> None:
    with_profiles.config.chmod(mode)

    result = with_profiles("endpoints", "list")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: The profile file {with_profiles.config} holds credentials, and others can read it (mode {mode:04o}).\n"
        f"  Hint: chmod 600 {with_profiles.config}\n"
    )
    assert with_profiles.api.requests == []


def test_an_open_profile_file_does_not_matter_when_nothing_is_taken_from_it(with_profiles: Cli) -> None:
    with_profiles.config.chmod(0o644)
    with_profiles.env |= {"FLOWPORT_BASE_URL": BASE_URL, "FLOWPORT_TOKEN": TOKEN}

    assert with_profiles("endpoints", "list").exit_code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[default", "is not what it should be"),
        (b"base_url = 'https://x'", "'base_url' stands outside of a table"),
        (b"[default]\ntoken = 7", "'token' of profile 'default' is not a string"),
        (b"\xff", "is not what it should be"),
    ],
)
def test_a_file_that_is_no_profile_file_is_refused_in_a_sentence(with_profiles: Cli, content: bytes, said: str) -> None:
    with_profiles.config.write_bytes(content)

    result = with_profiles("endpoints", "list")

    assert result.exit_code == 2
    assert said in result.stderr


def test_without_options_and_environment_the_default_profile_is_used(with_profiles: Cli) -> None:
    with_profiles("endpoints", "list")

    assert sent(with_profiles) == (
        "https://profile.example.com/dev/v1/admin/endpoints",
        f"Bearer {PROFILE_TOKEN}",
    )


def test_profile_chooses_another_one(with_profiles: Cli) -> None:
    with_profiles("--profile", "other", "endpoints", "list")

    assert sent(with_profiles) == ("https://other.example.com/x/v1/admin/endpoints", "Bearer fp_other_token")


def test_the_environment_can_name_the_profile(with_profiles: Cli) -> None:
    with_profiles.env["FLOWPORT_PROFILE"] = "other"

    with_profiles("endpoints", "list")

    assert sent(with_profiles) == ("https://other.example.com/x/v1/admin/endpoints", "Bearer fp_other_token")


def test_the_environment_goes_before_the_profile_value_by_value(with_profiles: Cli) -> None:
    with_profiles.env["FLOWPORT_TOKEN"] = TOKEN

    with_profiles("endpoints", "list")

    assert sent(with_profiles) == ("https://profile.example.com/dev/v1/admin/endpoints", f"Bearer {TOKEN}")


def test_an_option_goes_before_the_environment(with_profiles: Cli) -> None:
    with_profiles.env |= {"FLOWPORT_BASE_URL": "https://env.example.com", "FLOWPORT_TOKEN": "fp_env_token"}

    with_profiles("--base-url", BASE_URL, "--token", TOKEN, "endpoints", "list")

    assert sent(with_profiles) == (f"{BASE_URL}/v1/admin/endpoints", f"Bearer {TOKEN}")


def test_a_named_profile_that_something_overrides_is_said_so(with_profiles: Cli) -> None:
    with_profiles.env["FLOWPORT_TOKEN"] = TOKEN

    result = with_profiles("--profile", "other", "endpoints", "list")

    assert "Not from the profile 'other' but from an option or the environment: token." in result.stderr


def test_a_profile_that_is_not_there_is_named_with_those_that_are(with_profiles: Cli) -> None:
    result = with_profiles("--profile", "prod", "endpoints", "list")

    assert result.exit_code == 2
    assert "There is no profile 'prod' in" in result.stderr
    assert "there is: default, other." in result.stderr


def test_without_any_base_url_the_command_says_how_to_get_one(cli: Cli) -> None:
    cli.env |= {"FLOWPORT_BASE_URL": None, "FLOWPORT_TOKEN": None}

    result = cli("endpoints", "list")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: It is not known where Flowport is: there is no base URL.\n"
        "  Hint: Run `flowport bootstrap`, or give --base-url, or set FLOWPORT_BASE_URL.\n"
    )


def test_without_a_token_an_admin_command_asks_for_one_and_sends_nothing(cli: Cli) -> None:
    cli.env["FLOWPORT_TOKEN"] = None

    result = cli("endpoints", "list")

    assert result.exit_code == 2
    assert "There is no token" in result.stderr
    assert cli.api.requests == []


def test_without_a_token_an_endpoint_can_be_called(cli: Cli) -> None:
    cli.env["FLOWPORT_TOKEN"] = None
    cli.api.replies = [answer(1)]

    assert cli("call", "samples/hello").exit_code == 0
    assert "Authorization" not in cli.api.last.headers


@pytest.mark.parametrize(
    "url", ["api.example.com", "ftp://api.example.com", "https://", "https://h/x?y=1", "https://h:port", "https://h/#x"]
)
def test_a_base_url_that_no_api_can_have_is_refused(cli: Cli, url: str) -> None:
    result = cli("--base-url", url, "endpoints", "list")

    assert result.exit_code == 2
    assert "The base URL is not one that an API can have" in result.stderr


def test_a_password_in_the_base_url_is_refused_and_not_repeated(cli: Cli) -> None:
    result = cli("--base-url", "https://me:hunter2@api.example.com", "endpoints", "list")

    assert result.exit_code == 2
    assert "hunter2" not in result.output


@pytest.mark.parametrize("token", ["two words", "fp_default_\u00e9", "fp_default_\nX: y"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(cli: Cli, token: str) -> None:
    cli.env["FLOWPORT_TOKEN"] = token

    result = cli("endpoints", "list")

    assert result.exit_code == 2
    assert "The token contains characters that no token has" in result.stderr
    assert token not in result.output


def test_a_token_is_not_sent_unencrypted_without_a_warning(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [], "cursor": None})] * 2

    assert "not encrypted" in cli("--base-url", "http://api.example.com/x", "endpoints", "list").stderr
    assert "not encrypted" not in cli("--base-url", "http://127.0.0.1:4566/local", "endpoints", "list").stderr


def test_the_profile_file_is_where_flowport_config_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOWPORT_CONFIG", str(tmp_path / "x.toml"))
    assert config_path() == tmp_path / "x.toml"

    monkeypatch.delenv("FLOWPORT_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_path() == tmp_path / ".config" / "flowport" / "config.toml"


def test_what_is_written_is_toml_whatever_the_name(tmp_path: Path) -> None:
    write_profile(tmp_path / "c.toml", 'we"ird\n', Profile(BASE_URL, TOKEN))

    assert tomllib.loads((tmp_path / "c.toml").read_text()) == {'we"ird\n': {"base_url": BASE_URL, "token": TOKEN}}
