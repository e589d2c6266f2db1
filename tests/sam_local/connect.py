"""Connects `sam local` to the engine that `make up` started: `python -m tests.sam_local.connect`, left running.

Three things stand between them. The engine listens on loopback, which containers do not see. `sam local` passes only
those variables to a function that the template declares, and AWS_ENDPOINT_URL is none of them. And nobody has made the
token that the event files carry. So this forwards the address that only containers see to the engine, writes
.flowport/sam-local.yaml (the built template with each function's environment as it is deployed, and the endpoint),
and lets the events' token in, on this engine alone.
"""

import asyncio
import ipaddress
import json
import os
import platform
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from samcli.yamlhelper import yaml_dump, yaml_parse  # type: ignore[import-untyped]

from dev.deploy import client
from dev.engine import Engine
from dev.home import BIN, ROOT, DevError, Home, home_from_environment
from dev.up import require_running
from flowport.adapters.directory_items import credential_row
from flowport.adapters.items import encode_item
from flowport.domain.records import SCOPES, Credential
from flowport.domain.tokens import parse_token

BUILT = ROOT / ".aws-sam" / "build"
# Docker Desktop's name for the machine that it runs on; it reaches the machine's loopback.
DESKTOP_HOST = "host.docker.internal"
FUNCTIONS = ("GatewayFunction", "AdminFunction", "RunExpressFunction", "RecordCompletionFunction", "SweepJobsFunction")


def main() -> int:
    """Connect, say how to go on, and forward until Ctrl-C."""
    try:
        home = home_from_environment()
        engine = require_running(home)
        template = connect(home, engine)
    except DevError as error:
        print(error, file=sys.stderr)
        return 1
    name = os.path.relpath(template)
    if "AWS_ENDPOINT_URL" in os.environ:
        print("AWS_ENDPOINT_URL is set; unset it where you run sam, which prefers the shell's value to the template's.")
    sam = os.path.relpath(BIN / "sam")
    print(f"""Wrote {name}. Now, in another terminal:

  {sam} local invoke GatewayFunction --template {name} --event events/apigateway/run_sync.json
  {sam} local start-api --template {name}
""")
    address = bridge_address()
    if address is not None:
        print(f"Lets containers reach the engine at {address}:{engine.port}. Ctrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            asyncio.run(forward(address, engine.port))
    return 0


def connect(home: Home, engine: Engine) -> Path:
    """Write the template for `sam local` and let the events' token in; give the template's path."""
    try:
        outputs = json.loads(home.local_json.read_text())["outputs"]
        template = yaml_parse((BUILT / "template.yaml").read_text())
    except FileNotFoundError as error:
        raise DevError("The engine runs, but nothing is deployed on it. Finish with `make up`.") from error
    _let_in(engine, outputs["CredentialsTableName"], example_token())
    template["Parameters"]["Architecture"]["Default"] = processor()
    path = home.path / "sam-local.yaml"
    template["Resources"].pop("Fn::Transform")  # the alarms: of no use here, and found from the built template only
    for resource in template["Resources"].values():
        for member in ("CodeUri", "ContentUri"):
            if member in resource.get("Properties", {}):
                resource["Properties"][member] = os.path.relpath(BUILT / resource["Properties"][member], home.path)
    lambdas = client("lambda", engine)
    changed = {
        "AWS_ENDPOINT_URL": f"http://{bridge_address() or DESKTOP_HOST}:{engine.port}",
        # boto3 would put `sync-` before the host of StartSyncExecution.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        # `sam local start-api` serves at the root.
        "CUSTOM_DOMAIN": "",
        "BASE_PATH": "",
    }
    for name in FUNCTIONS:
        deployed = lambdas.get_function_configuration(FunctionName=outputs[f"{name}Name"])
        variables = deployed["Environment"]["Variables"] | changed
        template["Resources"][name]["Properties"]["Environment"] = {"Variables": variables}
    path.write_text(yaml_dump(template))
    return path


def processor() -> str:
    """Give this machine's processor by AWS's name."""
    return "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


def example_token() -> str:
    """Give the token that the event files carry."""
    event = json.loads((ROOT / "events" / "apigateway" / "run_sync.json").read_text())
    return str(event["headers"]["Authorization"]).removeprefix("Bearer ")


def _let_in(engine: Engine, table: str, text: str) -> None:
    host = urlsplit(engine.url).hostname
    if host != "127.0.0.1":
        raise DevError(f"{host} is not this machine; a token that everybody can read is not let in there.")
    token = parse_token(text)
    assert token is not None
    record = Credential(token.key, "token", token.workspace, "tok_events", "events", SCOPES)
    client("dynamodb", engine).put_item(TableName=table, Item=encode_item(credential_row(record)))


def bridge_address() -> str | None:
    """Give this machine's address on the containers' network; None where that is another (virtual) machine's."""
    command = ["docker", "network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"]
    try:
        network = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DevError("`sam local` needs a Docker engine, and `docker` finds none.") from error
    # A gateway that nobody chose is left out; it is then the subnet's first address.
    found = network.get("Gateway") or str(next(ipaddress.ip_network(network["Subnet"]).hosts()))
    with closing(socket.socket()) as probe:
        try:
            probe.bind((found, 0))
        except OSError:
            return None
    return found


async def forward(address: str, port: int) -> None:
    """Forward address:port to loopback's port, for ever."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            engine_reader, engine_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, engine_writer), pump(engine_reader, writer))

    async with await asyncio.start_server(connected, address, port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
