"""`flowport webhook-secrets …`: what signs the workspace's completion callbacks."""

from typing import Annotated, Final

import typer

from flowport_cli.errors import Unreachable
from flowport_cli.listing import show_list
from flowport_cli.render import Columns, field, moment
from flowport_cli.session import AsJson, session_of

app = typer.Typer(help="Secrets that sign callbacks: create (or rotate), list, retire.", no_args_is_help=True)
ONCE: Final = "This is the only time that the secret is shown: give it to whoever receives callbacks."
LISTING: Final = "flowport webhook-secrets list"
_COLUMNS: Final[Columns] = {"ID": field("id"), "CURRENT": field("current"), "CREATED": moment("created_at")}


@app.command()
def create(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make a secret and show it, once. One that there is stays valid beside it until it is retired.

    The secret alone goes to stdout, everything else to stderr: SECRET=$(flowport webhook-secrets create)
    """
    session = session_of(ctx, as_json=as_json)
    answer = session.client().send("POST", "v1", "admin", "webhook-secrets", about=session.about(listing=LISTING))
    document = answer.document()
    secret = document.get("secret")
    if not isinstance(secret, str):
        raise Unreachable(f"{answer.url} answered without a secret.")
    if session.json:
        session.emit(answer)
    else:
        typer.echo(secret)
        session.note(f"Secret {document.get('id')} signs every callback from now on.")
    session.note(ONCE)


@app.command("list")
def list_secrets(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the valid secrets, one or two; never the secrets themselves."""
    session = session_of(ctx, as_json=as_json)
    about = session.about(listing=LISTING)
    show_list(session, "v1", "admin", "webhook-secrets", columns=_COLUMNS, about=about)


@app.command()
def retire(
    ctx: typer.Context,
    secret_id: Annotated[str, typer.Argument(help="The id of the secret that is not current.", metavar="ID")],
) -> None:
    """End the previous secret, once every receiver has the new one."""
    session = session_of(ctx)
    about = session.about(listing=LISTING)
    session.client().send("DELETE", "v1", "admin", "webhook-secrets", secret_id, about=about)
    session.note(f"Secret {secret_id} is retired.")
