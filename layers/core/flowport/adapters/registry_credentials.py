"""Writes to the credentials' rows.

Beside a token's row, whose key is the token's hash, lies a reference `ref#workspace#tok_…` to it, so that a token is
found by its public id in the table itself: the index may be moments behind. The reference has no `credential_id`, so
that the index does not list it.
"""

from collections.abc import Sequence
from typing import Any, Final

from flowport.adapters.audit_log import puts
from flowport.adapters.aws import AnyClient
from flowport.adapters.directory_items import SCHEMA_VERSION, credential_key, credential_of, credential_row
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.registry import ALL_OLD, RegistryTable, refuse_inactive, while_active
from flowport.domain.audit import Act
from flowport.domain.records import Credential
from flowport.usecases.admin.ports import CredentialKind, Page
from flowport.usecases.ports import Clock

INDEX: Final = "by_workspace"
IS_NEW: Final = "attribute_not_exists(id)"
IS_OF_WORKSPACE: Final = "attribute_exists(id) AND workspace = :workspace"
IS_USER: Final = f"{IS_OF_WORKSPACE} AND kind = :user AND attribute_not_exists(revoked_at)"
IS_NOT_REVOKED: Final = f"{IS_OF_WORKSPACE} AND attribute_not_exists(revoked_at)"
# `change_id` is to changes what `write_id` is to the first write.
HAS_PASSWORD: Final = "password_hash = :over"  # noqa: S105  # an expression
SET_PASSWORD: Final = "SET password_hash = :hash, brought = :brought, change_id = :change"  # noqa: S105  # an expression
# Of a credential as it was seen: whatever an administrator or a user changes gives it another `change_id`.
IS_AS_SEEN: Final = f"{IS_NOT_REVOKED} AND change_id = :seen"
IS_AS_MADE: Final = f"{IS_NOT_REVOKED} AND attribute_not_exists(change_id)"
SETTINGS: Final = ("name", "scopes", "roles", "endpoints", "expires_at", "limits")
REVOKE: Final = "SET revoked_at = if_not_exists(revoked_at, :now), change_id = :change"
# Tokens and users share the index; one page looks at this many of the other kind at most.
_LOOK_AT: Final = 250
_LOOKS: Final = 8


def reference_id(workspace: str, credential_id: str) -> str:
    """Primary key of the reference to a token."""
    return f"ref#{workspace}#{credential_id}"


class DynamoCredentialRegistry:
    """The credentials in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, endpoints_table: str, clock: Clock) -> None:
        """Use one client (one attempt a call); the workspace's row is in the endpoints' table."""
        self._client = client
        self._name = table
        self._endpoints = endpoints_table
        self._table = RegistryTable(client, clock)

    def create(self, credential: Credential, *, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Put it, for a token with its reference, while the workspace is active: all or nothing, once."""
        rows: list[dict[str, Any]] = [credential_row(credential) | {"write_id": write_id}]
        if credential.kind == "token":
            rows.append(
                {
                    "id": reference_id(credential.workspace, credential.credential_id),
                    "schema_version": SCHEMA_VERSION,
                    "key": credential.key,
                    "write_id": write_id,
                }
            )
        new = [{"Put": self._new(row)} for row in rows]
        active = while_active(self._endpoints, credential.workspace)
        failed = self._table.transact([*new, *active, *puts(self._endpoints, acts)], write_id, deadline)
        if failed is None or failed.own(write_id):
            return True
        if not failed.met.keys() & set(range(len(new))):
            raise refuse_inactive(credential.workspace)
        return False

    def token_key(self, workspace: str, credential_id: str, *, deadline: float) -> str | None:
        """GetItem of the reference, strongly consistent."""
        key = credential_key(reference_id(workspace, credential_id))
        answer = self._table.read(
            lambda: self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True), deadline
        )
        return str(decode_item(answer["Item"])["key"]) if "Item" in answer else None

    def get(self, workspace: str, key: str, *, deadline: float) -> Credential | None:
        """GetItem, strongly consistent."""
        request = {"TableName": self._name, "Key": credential_key(key), "ConsistentRead": True}
        answer = self._table.read(lambda: self._client.get_item(**request), deadline)
        found = credential_of(decode_item(answer["Item"])) if "Item" in answer else None
        return found if found is not None and found.workspace == workspace else None

    def revoke(self, seen: Credential, *, at: int, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Update one attribute; repeated, it changes nothing."""
        request = {
            "UpdateExpression": REVOKE,
            "ConditionExpression": IS_NOT_REVOKED if seen.revoked_at is None else IS_OF_WORKSPACE,
            "ExpressionAttributeValues": {":now": encode(at)},
        }
        return self._change(seen, request, write_id, deadline, acts)

    def set_password(
        self,
        changed: Credential,
        *,
        write_id: str,
        deadline: float,
        acts: Sequence[Act] = (),
        over: str | None = None,
    ) -> bool:
        """Update two attributes; nothing else of the user is written."""
        request = {
            "UpdateExpression": SET_PASSWORD,
            "ConditionExpression": IS_USER if over is None else f"{IS_USER} AND {HAS_PASSWORD}",
            "ExpressionAttributeValues": {
                ":hash": encode(changed.password_hash),
                ":brought": encode(changed.brought),
                ":user": encode("user"),
                **({} if over is None else {":over": encode(over)}),
            },
        }
        return self._change(changed, request, write_id, deadline, acts)

    def change(
        self, changed: Credential, *, seen: Credential, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Update its settings; those that it has not (any more) are removed."""
        row = credential_row(changed)
        kept = [name for name in SETTINGS if row[name] is not None]
        gone = [f"#{name}" for name in SETTINGS if row[name] is None]
        setting = ", ".join([*(f"#{name} = :{name}" for name in kept), "change_id = :change"])
        request = {
            "UpdateExpression": f"SET {setting}" + (f" REMOVE {', '.join(gone)}" if gone else ""),
            "ConditionExpression": IS_AS_MADE if seen.change_id is None else IS_AS_SEEN,
            "ExpressionAttributeNames": {f"#{name}": name for name in SETTINGS},
            "ExpressionAttributeValues": {
                **{f":{name}": encode(row[name]) for name in kept},
                **({} if seen.change_id is None else {":seen": encode(seen.change_id)}),
            },
        }
        return self._change(changed, request, write_id, deadline, acts)

    def _change(
        self, credential: Credential, request: dict[str, Any], write_id: str, deadline: float, acts: Sequence[Act]
    ) -> bool:
        own = {":change": encode(write_id), ":workspace": encode(credential.workspace)}
        update = {
            **request,
            "TableName": self._name,
            "Key": credential_key(credential.key),
            "ExpressionAttributeValues": request["ExpressionAttributeValues"] | own,
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
        failed = self._table.transact([{"Update": update}, *puts(self._endpoints, acts)], write_id, deadline)
        return failed is None or failed.own(write_id, of="change_id") is not None

    def page(
        self, workspace: str, kind: CredentialKind, limit: int, after: str | None, *, deadline: float
    ) -> Page[Credential]:
        """Query the index for one kind; where the other kind fills it, the page ends early."""
        found: list[Credential] = []
        for _ in range(_LOOKS):
            request = self._listing(workspace, kind, after)
            answer = self._table.read(lambda request=request: self._client.query(**request), deadline)  # type: ignore[misc]
            found += [credential_of(decode_item(item)) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            after = decode_item(last)["credential_id"] if last else None
            if len(found) > limit:
                return Page(tuple(found[:limit]), found[limit - 1].credential_id)
            if after is None or len(found) == limit:
                break
        return Page(tuple(found), after)

    def _listing(self, workspace: str, kind: CredentialKind, after: str | None) -> dict[str, Any]:
        condition, values = "workspace = :workspace", {":workspace": encode(workspace), ":kind": encode(kind)}
        if after is not None:
            condition += " AND credential_id > :after"
            values[":after"] = encode(after)
        return {
            "TableName": self._name,
            "IndexName": INDEX,
            "KeyConditionExpression": condition,
            "FilterExpression": "kind = :kind",
            "ExpressionAttributeValues": values,
            "Limit": _LOOK_AT,
        }

    def _new(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "Item": encode_item(row),
            "ConditionExpression": IS_NEW,
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
