"""What an endpoint's document says to dialects: aliases, declared parameters, and one member per dialect."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from flowport.admin.document import Document, visible
from flowport.domain.aliases import NEBULAGRAPH, WORKFLOPLUS, alias_problem
from flowport.domain.dialect_settings import Argument, DialectSettings, Iolinker, PhixFlow, TheEye
from flowport.domain.parameters import Default, Parameter, ParameterType, fits, parameters_text

# They lie in the row that every call reads.
PARAMETERS_AT_MOST: Final = 50
PARAMETERS_BYTES: Final = 8_192
ARGUMENTS_AT_MOST: Final = 50


def _alias(text: str) -> str:
    if (problem := alias_problem(text)) is not None:
        raise ValueError(problem)
    return text


Alias = Annotated[str, AfterValidator(_alias)]
Name = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(visible)]
Message = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(visible)]


class ParameterDocument(Document):
    """A declared parameter; a default of null is one."""

    name: Name
    type: ParameterType | None = None
    required: bool = False
    default: Any = None
    task: Name | None = None

    def parameter(self) -> Parameter:
        """Give it as the endpoint keeps it."""
        default = self.default if "default" in self.model_fields_set else Default.NONE
        return Parameter(self.name, self.type, self.required, default, self.task)


def _parameters(sent: list[ParameterDocument]) -> list[ParameterDocument]:
    declared = [one.parameter() for one in sent]
    names = [(one.task, one.name) for one in declared]
    for one in declared:
        if names.count((one.task, one.name)) > 1:
            message = f"must not declare {one.name!r} twice"
            raise ValueError(message)
        if one.default is not Default.NONE and one.default is not None and not fits(one.default, one.type):
            message = f"{one.name!r} has a default that is not of its type {one.type}"
            raise ValueError(message)
    if (size := len(parameters_text(declared).encode())) > PARAMETERS_BYTES:
        message = f"have {size} bytes as JSON; they may have at most {PARAMETERS_BYTES} in all"
        raise ValueError(message)
    return sent


Parameters = Annotated[list[ParameterDocument], Field(max_length=PARAMETERS_AT_MOST), AfterValidator(_parameters)]


class IolinkerDocument(Document):
    """See domain/dialect_settings.py."""

    empty_output_is_none: bool = False


class PhixFlowDocument(Document):
    """See domain/dialect_settings.py."""

    output_name: Name = "output"
    success_message: Message | None = None
    fail_message: Message | None = None
    timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] | None = None
    per_record: bool = False
    abandon_at_timeout: bool = False


class ArgumentDocument(Document):
    """A positional argument."""

    name: Name
    optional: bool = False


class TheEyeDocument(Document):
    """See domain/dialect_settings.py."""

    arguments: Annotated[list[ArgumentDocument], Field(max_length=ARGUMENTS_AT_MOST)] | None = None


class DialectsDocument(Document):
    """One member per dialect that has settings."""

    iolinker: IolinkerDocument | None = None
    phixflow: PhixFlowDocument | None = None
    theeye: TheEyeDocument | None = None

    def settings(self) -> DialectSettings:
        """Give them as the endpoint keeps them."""
        arguments = self.theeye.arguments if self.theeye else None
        declared = None if arguments is None else tuple(Argument(one.name, one.optional) for one in arguments)
        return DialectSettings(
            iolinker=Iolinker(**self.iolinker.model_dump()) if self.iolinker else None,
            phixflow=PhixFlow(**self.phixflow.model_dump()) if self.phixflow else None,
            theeye=TheEye(declared) if self.theeye else None,
        )


def without_history(sent: Mapping[str, Any]) -> str | None:
    """Say why nobody could tell a client of NebulaGraph Explorer which tasks a run of the endpoint went through."""
    aliases = sent.get("aliases")
    numbered = isinstance(aliases, list) and any(str(one).startswith(f"{NEBULAGRAPH}:") for one in aliases)
    if not numbered or sent.get("standard_arn") is not None or sent.get("log_group") is not None:
        return None
    return (
        f"with an alias {NEBULAGRAPH}:… a workflow shows the tasks of its runs; AWS keeps no history of Express runs: "
        "add a standard_arn, or name the log group of the machine"
    )


def unabortable(sent: Mapping[str, Any]) -> str | None:
    """Say why an endpoint that is marked for PhixFlow cannot keep its promise to abort a run at its time-out."""
    dialects = sent.get("dialects")
    phixflow = dialects.get("phixflow") if isinstance(dialects, dict) else None
    if (
        not isinstance(phixflow, dict)
        or phixflow.get("abandon_at_timeout")
        or sent.get("standard_arn") is not None
        or sent.get("mode", "sync") != "sync"
    ):
        return None
    return (
        "a synchronous PhixFlow call aborts its run at the time-out, which AWS cannot do to an Express run: add a "
        "standard_arn, or set this to true to let the run go on behind a job that timed out"
    )


def undocumentable(sent: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say which member keeps an endpoint with a WorkfloPlus alias from jobs with documents, and why; or None."""
    aliases = sent.get("aliases")
    kinds = [one.partition(":")[0] for one in aliases if isinstance(one, str)] if isinstance(aliases, list) else []
    if WORKFLOPLUS not in kinds:
        return None
    if sent.get("standard_arn") is None:
        return "/standard_arn", "must name a Standard machine for a WorkfloPlus alias: its jobs wait for their clients"
    if sent.get("keep_payloads_days") == 0:
        return "/keep_payloads_days", "must be 1 or more for a WorkfloPlus alias: its jobs keep documents"
    return None
