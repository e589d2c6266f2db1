"""`flowport apply` and `flowport export`: a workspace's endpoints as a file."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from flowport_cli.client import Client
from flowport_cli.endpoint_file import NOT_IN_THE_FILE, EndpointFile, Wanted, read_endpoint_file, write_endpoint_file
from flowport_cli.errors import CommandError, ProblemAnswer, Violation, WrongUse
from flowport_cli.render import on_terminal, printable, show_json
from flowport_cli.session import AsJson, Session, session_of

Json = Mapping[str, Any]
File = Annotated[str, typer.Option("--file", "-f", help="The file; - for stdin.", metavar="FILE")]
_MARKS: Final = {"create": "+", "change": "~", "delete": "-"}
_DONE: Final = {"create": "created", "change": "changed", "delete": "deleted"}
# What the API writes by itself differs in every version.
_OF_THE_API: Final = frozenset(NOT_IN_THE_FILE)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done: to what, as it was seen, and what is sent."""

    action: Literal["create", "change", "delete"]
    endpoint: str
    before: Json | None
    after: Json | None
    sent: Json | None = None

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """The settings that are not the same on both sides."""
        before, after = self.before or {}, self.after or {}
        names = [name for name in {**before, **after} if name not in _OF_THE_API]
        changed = {name: (before.get(name), after.get(name)) for name in names}
        return {name: (old, new) for name, (old, new) in changed.items() if _said(old) != _said(new)}

    @property
    def order(self) -> int:
        """Where it comes: what gives aliases up goes before what may take them."""
        if self.action == "delete":
            return 0
        given_up = set((self.before or {}).get("aliases", ())) - set((self.after or {}).get("aliases", ()))
        return 1 if given_up else 2

    def document(self) -> dict[str, Any]:
        """Give it as --json shows it."""
        return {"action": self.action, "endpoint": self.endpoint, "before": self.before, "after": self.after}


def apply(
    ctx: typer.Context,
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, and change nothing.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete the endpoints that the file does not have.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the workspace's endpoints what a file says; what it does not have stays, unless --prune is given.

    What an endpoint's entry does not say goes back to its default, except for `enabled`, which stays as it is. Nothing
    is changed if anything in the file is refused, and nothing that somebody else changed meanwhile is overwritten.
    """
    session = session_of(ctx, as_json=as_json)
    wanted = read_endpoint_file(_read(file), "stdin" if file == "-" else file)
    client = session.client()
    if wanted.workspace is not None and wanted.workspace != client.workspace:
        raise WrongUse(
            f"{wanted.name} is for the workspace {wanted.workspace!r}, and the token for {client.workspace!r}.",
            hint="Use that workspace's token, or take `workspace` out of the file.",
        )
    steps = _plan(session, client, wanted, prune=prune)
    if not session.json:
        _show(steps)
    if dry_run:
        if session.json:
            _show_json(steps, 0, applied=False)
        session.note(_summary(steps, "would be") if steps else "Nothing would change.")
        return
    _confirm([step for step in steps if step.action == "delete"], file, yes=yes)
    done = 0
    try:
        for step in steps:
            _carry_out(session, client, step)
            done += 1
    except (CommandError, KeyboardInterrupt) as error:
        refused = isinstance(error, ProblemAnswer) and error.problem.source != "unknown"
        became = "was not" if refused else "may have been"
        action = _DONE[steps[done].action]
        session.note(f"{steps[done].endpoint} {became} {action}; {done} of {len(steps)} changes were made before.")
        raise
    finally:
        if session.json:
            _show_json(steps, done, applied=done == len(steps))
    session.note(_summary(steps, "") if steps else "Nothing to change.")


def export(
    ctx: typer.Context,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.", metavar="FILE")
    ] = None,
) -> None:
    """Write the workspace's endpoints as a file for `flowport apply`."""
    session = session_of(ctx)
    client = session.client()
    text = write_endpoint_file(client.workspace, list(_present(session, client).values()))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"{output!r} cannot be written: {error.strerror}.") from error
    session.note(f"Written to {output}.")


def _read(file: str) -> str:
    try:
        content = typer.get_binary_stream("stdin").read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise WrongUse(f"The file {file!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise WrongUse(f"The file {file!r} is not UTF-8 (byte {error.start + 1}).") from error


def _present(session: Session, client: Client) -> dict[str, Json]:
    """Give every endpoint of the workspace, by its address."""
    found: dict[str, Json] = {}
    cursor: str | None = None
    while True:
        query = [("limit", "100"), *([("cursor", cursor)] if cursor else [])]
        page = client.send("GET", "v1", "admin", "endpoints", query=query, about=session.about()).document()
        found |= {str(item["endpoint"]): item for item in page["items"]}
        cursor = page.get("cursor")
        if not cursor:
            return found


def _aliases_taken(
    planned: Sequence[tuple[Wanted, str]], after: Mapping[str, Sequence[str]]
) -> list[tuple[Wanted, Violation]]:
    """Find the aliases of the file's endpoints that another endpoint would have, too, when all is done."""
    owners: dict[str, list[str]] = {}
    for address, aliases in after.items():
        for alias in aliases:
            owners.setdefault(alias, []).append(address)
    return [
        (wanted, Violation(f"/aliases/{place}", f"{alias!r} is an alias of {other}; take it off there"))
        for wanted, own in planned
        for place, alias in enumerate(wanted.document.get("aliases") or ())
        for other in owners.get(alias, ())
        if other != own
    ]


def _plan(session: Session, client: Client, file: EndpointFile, *, prune: bool) -> list[Step]:
    """Ask the API what each entry would be, without writing; refuse the file with all that is wrong with it."""
    present = _present(session, client)
    steps: list[Step] = []
    refused: list[tuple[Wanted, Violation]] = []
    planned: list[tuple[Wanted, str]] = []
    aliases = {address: one.get("aliases", ()) for address, one in present.items()}
    for wanted in file.endpoints:
        try:
            step = _step(session, client, wanted, present)
        except ProblemAnswer as error:
            if not error.problem.violations:
                raise
            refused += [(wanted, violation) for violation in error.problem.violations]
            continue
        planned.append((wanted, step.endpoint))
        aliases[step.endpoint] = (step.after or {}).get("aliases", ())
        if step.action == "create" or step.differences:
            steps.append(step)
    wanted_there = {address for _, address in planned}
    kept = {address: names for address, names in aliases.items() if address in wanted_there or not prune}
    refused += _aliases_taken(planned, kept)
    if refused:
        raise file.refusal(refused)
    if prune:
        steps += [
            Step("delete", address, seen, None) for address, seen in present.items() if address not in wanted_there
        ]
    return sorted(steps, key=lambda step: step.order)


def _step(session: Session, client: Client, wanted: Wanted, present: Mapping[str, Json]) -> Step:
    there = next(
        (one for one in present.values() if (one["module"], one["name"]) == (wanted.module, wanted.name)), None
    )
    # A switch that somebody made stays made, unless the file says otherwise.
    sent = {**({"enabled": there["enabled"]} if there else {}), **wanted.document}
    previewed = client.send(
        "PUT",
        "v1",
        "admin",
        "endpoints",
        wanted.module,
        wanted.name,
        query=[("dry_run", "true")],
        body=sent,
        about=session.about(endpoint=wanted.address),
    ).document()
    return Step("change" if there else "create", str(previewed["endpoint"]), there, previewed, sent)


def _carry_out(session: Session, client: Client, step: Step) -> None:
    about = session.about(endpoint=step.endpoint)
    if step.action == "create":
        after = step.after or {}
        body = {"module": after["module"], "name": after["name"], **(step.sent or {})}
        client.send("POST", "v1", "admin", "endpoints", body=body, about=about)
        return
    seen = step.before or {}
    at = ("v1", "admin", "endpoints", str(seen["module"]), str(seen["name"]))
    headers = {"If-Match": f'"{seen["version"]}"'}
    if step.action == "change":
        client.send("PUT", *at, body=step.sent, headers=headers, about=about)
    else:
        client.send("DELETE", *at, headers=headers, about=about)


def _confirm(deletions: Sequence[Step], file: str, *, yes: bool) -> None:
    if not deletions or yes:
        return
    names = ", ".join(step.endpoint for step in deletions)
    if file == "-" or not on_terminal(sys.stdin):
        raise WrongUse(f"This would delete {names}; nothing was changed.", hint="Give --yes to delete without asking.")
    typer.confirm(printable(f"Delete {names}?"), abort=True, err=True)


def _show_json(steps: Sequence[Step], done: int, *, applied: bool) -> None:
    show_json({"applied": applied, "done": done, "steps": [step.document() for step in steps]})


def _show(steps: Sequence[Step]) -> None:
    for step in steps:
        typer.echo(printable(f"{_MARKS[step.action]} {step.endpoint}"))
        if step.action == "delete":
            continue
        for name, (before, after) in step.differences.items():
            new = _text(after)
            if step.action == "change":
                typer.echo(f"    {printable(name)}: {printable(_text(before))} -> {printable(new)}")
            elif after not in (None, [], {}, ""):
                typer.echo(f"    {printable(name)}: {printable(new)}")


def _said(value: Any) -> str:  # noqa: ANN401  # any JSON value
    """Give what a value says, to compare it by: to Python, 1 is the same as true."""
    return json.dumps(value, sort_keys=True)


def _text(value: Any) -> str:  # noqa: ANN401  # any JSON value
    return json.dumps(value, ensure_ascii=False)


def _summary(steps: Sequence[Step], would: str) -> str:
    counts = {action: sum(step.action == action for step in steps) for action in _DONE}
    said = [f"{count} {would + ' ' if would else ''}{_DONE[action]}" for action, count in counts.items() if count]
    return ", ".join(said) + "."
