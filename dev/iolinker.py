"""iolinker's samples: the owners, endpoints and credentials that the examples on its page are written with."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from dev.deploy import SAMPLES_STACK
from dev.tools import bring, flowport_json

BOTH_METHODS: Final = ("--method", "GET", "--method", "POST")
# Owner -> endpoint -> how it is published; machines by their outputs in samples.yaml. The page's one URL is shown under
# several modes: it is published under those that need a credential, and docs/dialects.md switches it to the others.
OWNERS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "iolinker": {
        "test/sync": (
            *("--express", "SyncApiExpressArn", "--auth", "token", "--auth", "password", *BOTH_METHODS),
            *("--title", "Sync API trigger", "--sample", "{}"),
            *("--log-group", f"/aws/vendedlogs/states/{SAMPLES_STACK}-sync-api"),
        ),
        "test/approval": (
            *("--standard", "ApprovalStandardArn", "--mode", "async", "--auth", "token"),
            *("--title", "Waits for a callback", "--sample", '{"question": "May it go out?"}'),
        ),
    },
    "admin": {"test/sync": ("--express", "SyncApiExpressArn", "--auth", "token", *BOTH_METHODS)},
}
TOKEN: Final = "123456"  # noqa: S105  # as the page has it
USER: Final = "iolinker"
PASSWORD: Final = "123456"  # noqa: S105  # as the page has it


def publish_iolinker(outputs: dict[str, str], environment: dict[str, str]) -> dict[str, Any]:
    """Make both owners' workspaces, publish, bring their credentials along; give what a client is configured with."""
    with ThreadPoolExecutor() as pool:
        admins = dict(zip(OWNERS, pool.map(lambda owner: _owner(owner, outputs, environment), OWNERS), strict=True))
    return {
        "owner": "iolinker",
        "api": "test/sync",
        "approval": "test/approval",
        "token": TOKEN,
        "user": USER,
        "password": PASSWORD,
        "admin_token": admins["iolinker"],
    }


def _owner(owner: str, outputs: dict[str, str], environment: dict[str, str]) -> str:
    bootstrap = ["bootstrap", "--workspace", owner, "--no-save"]
    admin: str = flowport_json(f"Bootstrapping {owner}", bootstrap, environment)["token"]
    environment = environment | {"FLOWPORT_TOKEN": admin}
    for address, options in OWNERS[owner].items():
        known = [outputs.get(option, option) for option in options]
        flowport_json(f"Publishing {owner}'s {address}", ["publish", address, *known], environment)
    # Both can be guessed: what they open is the samples alone.
    samples = [word for address in OWNERS[owner] for word in ("--endpoint", address)]
    bring("tokens", ["page", "--value-stdin", *samples], TOKEN, environment)
    if owner == "iolinker":
        bring("users", [USER, "--password-stdin", "--brought", *samples], PASSWORD, environment)
    return admin
