"""What an endpoint says to single dialects. Nothing said is the default of each, and costs its row nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Iolinker:
    """`empty_output_is_none`: an output of null or {} counts as no output, so that `data` is an empty string."""

    empty_output_is_none: bool = False


@dataclass(frozen=True, slots=True)
class PhixFlow:
    """What PhixFlow keeps on an action's API settings.

    `timeout_ms` is the endpoint's own time-out, None the mode's default. `per_record`: a JSON array starts one job per
    record. `abandon_at_timeout`: a run that cannot be aborted (Express) may go on behind a job that timed out.
    """

    output_name: str = "output"
    success_message: str | None = None
    fail_message: str | None = None
    timeout_ms: int | None = None
    per_record: bool = False
    abandon_at_timeout: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument of a task."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class TheEye:
    """`arguments` are those that the task declares; None: it takes whatever is sent."""

    arguments: tuple[Argument, ...] | None = None


@dataclass(frozen=True, slots=True)
class DialectSettings:
    """One member per dialect that has settings; None: the endpoint says nothing to it."""

    iolinker: Iolinker | None = None
    phixflow: PhixFlow | None = None
    theeye: TheEye | None = None


NO_SETTINGS: Final = DialectSettings()


def settings_of(stored: Mapping[str, Any]) -> DialectSettings:
    """Read what `stored_settings` wrote."""
    theeye = stored.get("theeye")
    if theeye is not None:
        arguments = theeye.get("arguments")
        theeye = TheEye(None if arguments is None else tuple(Argument(**one) for one in arguments))
    return DialectSettings(
        iolinker=Iolinker(**stored["iolinker"]) if "iolinker" in stored else None,
        phixflow=PhixFlow(**stored["phixflow"]) if "phixflow" in stored else None,
        theeye=theeye,
    )


def stored_settings(settings: DialectSettings) -> dict[str, Any]:
    """Write settings as JSON values: the dialects that are spoken to, and of each what is not its default."""
    return {
        dialect.name: _said(value)
        for dialect in fields(settings)
        if (value := getattr(settings, dialect.name)) is not None
    }


def _said(value: Any) -> Any:  # noqa: ANN401  # a dataclass of this module
    return {
        field.name: [_said(one) for one in mine] if isinstance(mine, tuple) else mine
        for field in fields(value)
        if (mine := getattr(value, field.name)) != field.default
    }
