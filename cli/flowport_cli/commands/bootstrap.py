"""`flowport bootstrap`: the first token of a workspace, or an operator's, by the right of AWS credentials."""

import shlex
from typing import Annotated, Any

import typer

from flowport_cli.config import DEFAULT_PROFILE, Profile, config_path, read_profiles, write_profile
from flowport_cli.errors import WrongUse
from flowport_cli.render import show_document
from flowport_cli.session import AsJson, Session, session_of

_SCOPES = ["admin", "run", "jobs:read", "jobs:write"]
_OPERATOR_PROFILE = "operator"


def bootstrap(  # one argument per option
    ctx: typer.Context,
    stack: Annotated[str, typer.Option(help="Name of the CloudFormation stack.")] = "flowport",
    workspace: Annotated[
        str | None, typer.Option(help="Workspace, created if it is missing; else the stack's default one.")
    ] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="A token that manages workspaces, instead of a workspace's own.")
    ] = False,
    token_name: Annotated[str, typer.Option(help="Name of the token in `flowport tokens list`.")] = "bootstrap",  # noqa: S107  # a name, no secret
    region: Annotated[str | None, typer.Option(help="AWS region; else as the AWS tools find it.")] = None,
    save: Annotated[
        bool, typer.Option("--save/--no-save", help="Write it to the profile file, or print it instead.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Get the first admin token, with AWS credentials for the stack.

    The token goes to the profile named with --profile; else to the profile "operator" with --operator, and to the
    profile named like the workspace without. With it goes the API's address: the stack's own, or --base-url.
    """
    session = session_of(ctx, as_json=as_json)
    # boto3 takes longer to import than every other command takes to run.
    from flowport_cli import bootstrap as aws  # noqa: PLC0415

    before = read_profiles(config_path()) if save else {}  # an unusable file must not cost a token
    clients = session.tools.aws or aws.aws_client
    found = aws.find_stack(stack, region, clients)
    workspace = workspace or found.default_workspace
    name = session.profile_name or (_OPERATOR_PROFILE if operator else workspace)
    address = session.base_url or found.api_url
    if address != found.api_url:
        session.note(f"Using {address} from --base-url or FLOWPORT_BASE_URL; the stack says {found.api_url}.")
    content, document = aws.invoke_admin(
        found.admin_function, _event(workspace, token_name, operator=operator), region, clients
    )
    if session.json:
        show_document(content)
    if save:
        _save(session, name, Profile(address, document["token"]), document)
        if name in before and before[name].token:
            session.note(
                "The profile's earlier token is still valid: `flowport tokens list`, then `flowport tokens revoke ID`."
            )
    elif not session.json:
        typer.echo(f"export FLOWPORT_BASE_URL={shlex.quote(address)}")
        typer.echo(f"export FLOWPORT_TOKEN={shlex.quote(document['token'])}")
        session.note("This is the only time that the token is shown; Flowport keeps only its hash.")


def _event(workspace: str, token_name: str, *, operator: bool) -> dict[str, Any]:
    if operator:
        return {"flowport": "bootstrap", "operator": True, "token_name": token_name}
    return {"flowport": "bootstrap", "workspace": workspace, "token_name": token_name, "scopes": _SCOPES}


def _save(session: Session, name: str, profile: Profile, document: dict[str, Any]) -> None:
    path = config_path()
    try:
        write_profile(path, name, profile)
    except WrongUse as error:
        raise WrongUse(
            error.message,
            hint=f"The token {document.get('id')} was made but is not kept anywhere: bootstrap again with --no-save.",
        ) from error
    made = "created, " if document.get("created") else ""
    session.note(
        f"Workspace {document.get('workspace')}: {made}token {document.get('id')} saved as profile {name!r} in {path}."
    )
    if name != DEFAULT_PROFILE:
        session.note(f"Use it with `flowport --profile {name} …` or FLOWPORT_PROFILE={name}.")
