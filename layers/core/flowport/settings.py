"""What the environment says, read once; a missing variable stops the function at its cold start, by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 86_400_000


class MissingSetting(RuntimeError):
    """An environment variable that the function needs is not set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The functions' settings; `template.yaml` sets each of them."""

    endpoints_table: str
    credentials_table: str
    jobs_table: str
    run_express_function: str
    resume_run_function: str
    default_workspace: str
    stage: str
    custom_domain: str
    base_path: str
    cors_origins: tuple[str, ...]
    retention_ms: int
    audit_retention_ms: int
    secrets_prefix: str = ""
    deliver_machine_arn: str = ""
    callback_pauses: tuple[int, ...] = ()
    callback_private_networks: tuple[str, ...] = ()
    stack: str = ""
    # Whether ends of jobs are published as metrics, which then are where figures come from; else they are counted.
    publishes_figures: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, *, hands_over: bool = False) -> "Settings":
        """Read them, or say which one is missing or wrong.

        `hands_over` is for the functions that hand work over to others of the stack, and must know their names.
        """

        def need(name: str) -> str:
            value = environment.get(name)
            if not value:
                message = f"the environment variable {name} is not set; see the Globals of template.yaml"
                raise MissingSetting(message)
            return value

        def days(name: str) -> int:
            text = need(name)
            if not text.isdigit() or int(text) < 1:
                message = f"{name}={text!r} must be a whole number of days"
                raise MissingSetting(message)
            return int(text)

        return cls(
            endpoints_table=need("ENDPOINTS_TABLE"),
            credentials_table=need("CREDENTIALS_TABLE"),
            jobs_table=need("JOBS_TABLE"),
            run_express_function=need("RUN_EXPRESS_FUNCTION") if hands_over else "",
            resume_run_function=need("RESUME_RUN_FUNCTION") if hands_over else "",
            default_workspace=need("DEFAULT_WORKSPACE"),
            stage=need("STAGE"),
            custom_domain=environment.get("CUSTOM_DOMAIN", ""),
            base_path=environment.get("BASE_PATH", "").strip("/"),
            cors_origins=_listed(environment.get("CORS_ORIGINS", "")),
            retention_ms=days("JOB_RETENTION_DAYS") * DAY_MS,
            audit_retention_ms=days("AUDIT_RETENTION_DAYS") * DAY_MS,
            secrets_prefix=need("SECRETS_PREFIX"),
            deliver_machine_arn=need("DELIVER_MACHINE_ARN"),
            callback_pauses=_pauses(need("CALLBACK_PAUSES")),
            callback_private_networks=_listed(environment.get("CALLBACK_PRIVATE_NETWORKS", "")),
            stack=need("STACK"),
            publishes_figures=need("FIGURES") == "cloudwatch",
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _pauses(text: str) -> tuple[int, ...]:
    parts = _listed(text)
    if not parts or not all(part.isdigit() for part in parts):
        message = f"CALLBACK_PAUSES={text!r} must be seconds, separated by commas"
        raise MissingSetting(message)
    return tuple(map(int, parts))
