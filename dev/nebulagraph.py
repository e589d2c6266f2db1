"""NebulaGraph Explorer's sample: the workflow and the account that the examples on its pages are written with."""

import base64
from typing import Final

from dev.deploy import SAMPLES_STACK
from dev.tools import bring, flowport_json

ADDRESS: Final = "samples/player-query"
WORKFLOW: Final = "4216617528"
# As the pages have them: cm9vdDoxMjM= in base64.
USER: Final = "root"
PASSWORD: Final = "123"  # noqa: S105
PUBLISHED: Final = (
    *("--standard", "PlayerQueryStandardArn", "--alias", f"nebulagraph:{WORKFLOW}"),
    *("--mode", "async", "--title", "Finds a player and whom the player follows"),
    *("--log-group", f"/aws/vendedlogs/states/{SAMPLES_STACK}-player-query"),
    *("--parameter", '{"name": "name", "task": "query_1", "type": "string", "required": true}'),
    *("--parameter", '{"name": "limit", "task": "follow_1", "type": "integer", "default": 10}'),
    *("--parameter", '{"name": "seconds", "task": "pause_1", "type": "integer"}'),
    *("--sample", '{"query_1": {"name": "Tim Duncan"}}'),
)
# The password can be guessed: what it opens is the sample alone.
GRANTED: Final = ("--role", "supervisor", "--endpoint", ADDRESS, "--password-stdin", "--brought")


def publish_nebulagraph(outputs: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Publish the workflow and bring the account along; give what a client is configured with."""
    options = [outputs.get(option, option) for option in PUBLISHED]
    flowport_json(f"Publishing {ADDRESS}", ["publish", ADDRESS, *options], environment)
    bring("users", [USER, *GRANTED], PASSWORD, environment)
    account = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return {"workflow_id": WORKFLOW, "user": USER, "password": PASSWORD, "account_base64": account}
