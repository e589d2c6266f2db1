"""Puts template.yaml and samples.yaml onto the engine with the real sam; does nothing where nothing changed."""

import hashlib
import json
import platform
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_cloudformation import CloudFormationClient

from dev.engine import Engine
from dev.home import REGION, ROOT, DevError, Home, engine_environment
from dev.tools import run_logged

STAGE = "local"
BUCKET = "flowport-artifacts"
COMPLETE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
SAMPLES_STACK = "flowport-samples"


@dataclass(frozen=True, slots=True)
class Stack:
    """A template, the stack that it becomes, where it is built, and all that it is built from."""

    name: str
    template: str
    build_folder: str
    sources: tuple[str, ...]

    def digest(self) -> str:
        """Hash everything that the build and the deployment depend on."""
        digest = hashlib.sha256(platform.machine().encode())
        for path in self._source_files():
            digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _source_files(self) -> Iterator[Path]:
        for source in (ROOT / name for name in (self.template, "samconfig.toml", *self.sources)):
            if source.is_file():
                yield source
            for path in sorted(source.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path


STACKS = (
    Stack("flowport", "template.yaml", ".aws-sam/build", ("layers", "functions", "statemachines", "operations")),
    Stack(
        SAMPLES_STACK,
        "samples.yaml",
        ".aws-sam/samples/build",
        ("functions/quote_basket", "functions/take_step", "statemachines"),
    ),
)


class HalfFinishedError(Exception):
    """A stack that an earlier run left in a state from which it cannot be updated."""


def deploy(home: Home, engine: Engine) -> dict[str, dict[str, str]]:
    """Build and deploy what changed; give every stack's outputs."""
    environment = engine_environment(engine.url)
    cloudformation = client("cloudformation", engine)
    states = {stack.name: _state(cloudformation, stack.name) for stack in STACKS}
    broken = {name: state for name, state in states.items() if state not in COMPLETE | {""}}
    if broken:
        raise HalfFinishedError(", ".join(f"{name} is {state}" for name, state in broken.items()))

    wanted = {stack.name: f"{engine.started} {stack.digest()}" for stack in STACKS}
    deployed = _read_json(home.deployed_file)
    todo = [stack for stack in STACKS if deployed.get(stack.name) != wanted[stack.name] or not states[stack.name]]
    if todo:
        home.deployed_file.unlink(missing_ok=True)
        _ensure_bucket(engine)
        # Most of a deployment is waiting, so the stacks go side by side.
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda stack: _put(home, stack, environment), todo):
                pass
        home.deployed_file.write_text(json.dumps(wanted))
    else:
        print("stacks     unchanged")
    return {stack.name: _outputs(cloudformation, stack.name) for stack in STACKS}


def base_url(engine: Engine, outputs: dict[str, str]) -> str:
    """Give the API's address on the engine: its custom domain is loopback itself, its base path as on AWS."""
    return engine.url + urlsplit(outputs["ApiUrl"]).path


def client(service: str, engine: Engine) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Make a boto3 client that speaks to the engine whatever the developer's environment says."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=engine.url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the engine takes any
        config=Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}, inject_host_prefix=False),
    )


def _put(home: Home, stack: Stack, environment: dict[str, str]) -> None:
    log = home.sam_log(stack.name)
    log.unlink(missing_ok=True)
    _build(log, stack, environment)
    seconds = run_logged(log, f"Deploying {stack.template}", _deploy_command(stack), environment)
    print(f"deployed   {stack.name} ({seconds:.0f} s)", flush=True)


def _build(log: Path, stack: Stack, environment: dict[str, str]) -> None:
    stamp = ROOT / stack.build_folder / ".digest"
    digest = stack.digest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    command = ["sam", "build", "--template-file", stack.template, "--build-dir", stack.build_folder]
    command += ["--cached", "--cache-dir", f"{Path(stack.build_folder).parent}/cache"]
    command += ["--parameter-overrides", *_parameters(stack)]
    seconds = run_logged(log, f"Building {stack.template}", command, environment)
    stamp.write_text(digest)
    print(f"built      {stack.template} ({seconds:.0f} s)", flush=True)


def _deploy_command(stack: Stack) -> list[str]:
    return [
        *("sam", "deploy", "--template-file", f"{stack.build_folder}/template.yaml", "--stack-name", stack.name),
        *("--s3-bucket", BUCKET, "--s3-prefix", stack.name, "--region", REGION),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
        *("--parameter-overrides", *_parameters(stack)),
    ]


def _parameters(stack: Stack) -> list[str]:
    """Give samconfig.toml's own parameters for the local engine, and this machine's processor."""
    processor = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    chosen = [f"Architecture={processor}"]
    if stack.name == SAMPLES_STACK:
        return [*chosen, "Workspaces=@all"]  # a family's samples lie in workspaces of their own
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    named = config["local"]["deploy"]["parameters"].get("parameter_overrides", [])
    texts = named.split() if isinstance(named, str) else named
    kept = [text for text in texts if not text.startswith(("Architecture=", "Stage="))]
    return [*kept, f"Stage={STAGE}", *chosen]


def _ensure_bucket(engine: Engine) -> None:
    client("s3", engine).create_bucket(Bucket=BUCKET)


def _state(cloudformation: CloudFormationClient, name: str) -> str:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return ""
        raise


def _outputs(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
    found = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    if not found:
        raise DevError(f"The stack {name} has no outputs. End the engine with `make down` and start again.")
    return found


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
