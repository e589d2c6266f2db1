"""WorkfloPlus's samples: the team, the workflow's id and a client, as the examples on its page are written with."""

from typing import Any, Final

from dev.deploy import SAMPLES_STACK
from dev.tools import flowport_json

# The page's: its team is a workspace here, and its workflow's id leads to the endpoint.
TEAM: Final = "apiteam"
WORKFLOW_ID: Final = "b62f2507-b4e7-4248-83d3-29c03a158fbe"
ADDRESS: Final = "samples/field-job"
SCOPES: Final = ("workflow.execute", "job.read", "job.read_all", "job.modify")
OPTIONS: Final = (
    *("--mode", "async", "--alias", f"workfloplus:{WORKFLOW_ID}", "--title", "Example Workflow"),
    *("--log-group", f"/aws/vendedlogs/states/{SAMPLES_STACK}-field-job"),
)


def publish_workfloplus(outputs: dict[str, str], environment: dict[str, str]) -> dict[str, Any]:
    """Make the team's workspace, publish, make a client; give what a client is configured with."""
    bootstrap = ["bootstrap", "--workspace", TEAM, "--no-save"]
    admin = flowport_json(f"Bootstrapping {TEAM}", bootstrap, environment)["token"]
    environment = environment | {"FLOWPORT_TOKEN": admin}
    published = ["publish", ADDRESS, "--standard", outputs["FieldJobStandardArn"], *OPTIONS]
    flowport_json(f"Publishing {TEAM}'s {ADDRESS}", published, environment)
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    client = flowport_json("Creating a client", ["clients", "create", "field-app", *scopes], environment)
    return {
        "team": TEAM,
        "workflow_id": WORKFLOW_ID,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "admin_token": admin,
    }
