"""PhixFlow's samples: the instance and the actions that its page on API endpoints names."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from dev.deploy import SAMPLES_STACK
from dev.tools import flowport_json

INSTANCE: Final = "phixflow"
_ALIKE: Final = (
    *("--standard", "ActionflowStandardArn", "--phixflow", "--sample", "{}"),
    *("--parameter", "field=abc", "--parameter", "seconds:integer=0"),
    *("--log-group", f"/aws/vendedlogs/states/{SAMPLES_STACK}-actionflow"),
)
# Endpoint -> how it is published; machines by their outputs in samples.yaml. The page allows anonymous connections
# first and adds authentication later: an API key is taken already, and docs/dialects.md shows the switch.
ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "MyApp/My API": (
        *(*_ALIKE, "--auth", "none", "--method", "GET", "--method", "POST", "--alias", "v10:My API"),
        *("--title", "Gives back what it was called with"),
    ),
    "MyApp/My Report": (*_ALIKE, "--auth", "token", "--mode", "async", "--title", "Is polled for its result"),
}


def publish_phixflow(outputs: dict[str, str], environment: dict[str, str]) -> dict[str, Any]:
    """Make the instance's workspace, publish its actions, make an API key; give what a client is configured with."""
    bootstrap = ["bootstrap", "--workspace", INSTANCE, "--no-save"]
    admin: str = flowport_json(f"Bootstrapping {INSTANCE}", bootstrap, environment)["token"]
    environment = environment | {"FLOWPORT_TOKEN": admin}

    def run(arguments: list[str]) -> dict[str, Any]:
        return flowport_json(f"{INSTANCE}: {' '.join(arguments[:2])}", arguments, environment)

    commands = [["publish", name, *(outputs.get(option, option) for option in how)] for name, how in ACTIONS.items()]
    with ThreadPoolExecutor() as pool:
        *_, key = pool.map(run, [*commands, ["api-keys", "create", "local"]])
    return {
        "instance": INSTANCE,
        "application": "MyApp",
        "action": "My API",
        "polled": "My Report",
        "api_key": key["api_key"],
        "admin_token": admin,
    }
