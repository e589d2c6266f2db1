"""Secrets that are rotated, in Secrets Manager: of each name two values are valid, the current one and the previous.

AWS keeps the two by its staging labels: a new value takes AWSCURRENT, and the one that had it becomes AWSPREVIOUS. The
client is made when it is first needed; every value is read anew, so that a retired one is refused at once.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.usecases.ports import Clock, SecretVersion

WHAT: Final = "The store of secrets (Secrets Manager)"
ATTEMPT_SECONDS: Final = 3.0
CURRENT: Final = "AWSCURRENT"
PREVIOUS: Final = "AWSPREVIOUS"
# Not there, or marked for deletion.
_GONE: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})
_TAKEN: Final = "ResourceExistsException"
_NAMESPACE: Final = uuid.UUID("5b1d3f0e-7a55-5c0e-9a3f-2f9f5a1c8d64")


class SecretsManager:
    """The secrets below one prefix, such as `flowport/<stack>/webhooks/`."""

    def __init__(self, client: Callable[[], AnyClient], prefix: str, clock: Clock) -> None:
        """Keep how to get the client (one attempt a call) and what every name begins with."""
        self._client = client
        self._prefix = prefix
        self._clock = clock

    def values(self, name: str, *, deadline: float | None = None) -> tuple[str, ...]:
        """GetSecretValue for each label: the current value first; nothing where there is no such secret."""
        read = (self._value(name, stage, deadline) for stage in (CURRENT, PREVIOUS))
        return tuple(value for value in read if value is not None)

    def versions(self, name: str, *, deadline: float | None = None) -> tuple[SecretVersion, ...]:
        """ListSecretVersionIds: the valid ones, the current one first."""
        by_label = {
            label: version for version in self._all(name, deadline) for label in version.get("VersionStages", ())
        }
        return tuple(
            SecretVersion(
                id=by_label[label]["VersionId"],
                current=label == CURRENT,
                created_at=round(by_label[label]["CreatedDate"].timestamp() * 1000),
            )
            for label in (CURRENT, PREVIOUS)
            if label in by_label
        )

    def put(self, name: str, text: str, *, replaces: str | None, deadline: float | None = None) -> str | None:
        """CreateSecret, or PutSecretValue in the place of the version that was seen.

        The new version's id is computed from those that there are, so that of two at once the second finds it taken
        by another text, and a repetition finds its own.
        """
        secret = self._prefix + name
        token = str(uuid.uuid4())
        if replaces is not None:
            there = self._all(name, deadline)
            if replaces not in {one["VersionId"] for one in there if CURRENT in one.get("VersionStages", ())}:
                return None
            token = str(uuid.uuid5(_NAMESPACE, " ".join([secret, *sorted(one["VersionId"] for one in there)])))
        request = {"SecretString": text, "ClientRequestToken": token}

        def write() -> Any:  # noqa: ANN401  # AWS's answer
            if replaces is None:
                return self._client().create_secret(Name=secret, **request)
            return self._client().put_secret_value(SecretId=secret, **request)

        try:
            return str(self._repeat(write, deadline)["VersionId"])
        except ClientError as error:
            if error_code(error) == _TAKEN:
                return None
            raise

    def retire(self, name: str, version_id: str, *, deadline: float | None = None) -> bool:
        """UpdateSecretVersionStage: a version without labels is no longer valid, and AWS deletes it in time."""
        request = {"SecretId": self._prefix + name, "VersionStage": PREVIOUS, "RemoveFromVersionId": version_id}
        try:
            self._repeat(lambda: self._client().update_secret_version_stage(**request), deadline)
        except ClientError as error:
            if error_code(error) in {*_GONE, "InvalidParameterException"}:
                return False  # it does not have that label, or no longer
            raise
        return True

    def delete(self, name: str, *, deadline: float | None = None) -> None:
        """DeleteSecret, without the recovery window: during that the name could not be used again."""
        request = {"SecretId": self._prefix + name, "ForceDeleteWithoutRecovery": True}
        try:
            self._repeat(lambda: self._client().delete_secret(**request), deadline)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":  # AWS does not say so to a forced deletion
                raise

    def _all(self, name: str, deadline: float | None) -> list[Mapping[str, Any]]:
        request: dict[str, Any] = {"SecretId": self._prefix + name, "MaxResults": 100, "IncludeDeprecated": True}
        found: list[Mapping[str, Any]] = []
        while True:
            try:
                answer = self._repeat(lambda: self._client().list_secret_version_ids(**request), deadline)
            except ClientError as error:
                if error_code(error) in _GONE:
                    return []
                raise
            found += answer["Versions"]
            if not answer.get("NextToken"):
                return found
            request["NextToken"] = answer["NextToken"]

    def _value(self, name: str, stage: str, deadline: float | None) -> str | None:
        request = {"SecretId": self._prefix + name, "VersionStage": stage}
        try:
            answer = self._repeat(lambda: self._client().get_secret_value(**request), deadline)
        except ClientError as error:
            if error_code(error) in _GONE:
                return None
            raise
        text: str | None = answer.get("SecretString")
        return text

    def _repeat[T](self, call: Callable[[], T], deadline: float | None) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline, attempt_seconds=ATTEMPT_SECONDS)
