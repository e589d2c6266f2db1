"""What must hold of an endpoint's schemas, sample and output mapping before it is published."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flowport.domain.errors import FlowportError
from flowport.domain.payload import dumps
from flowport.domain.records import Endpoint
from flowport.usecases.admin.errors import ValidationFailed, Violation
from flowport.usecases.admin.ports import MappingRules, SchemaRules

SCHEMAS: Final = ("input_schema", "output_schema")


@dataclass(frozen=True, slots=True)
class Contracts:
    """The rules."""

    schemas: SchemaRules
    mappings: MappingRules

    def check(self, wanted: Endpoint, seen: Endpoint | None) -> None:
        """Refuse what cannot be published, with everything that is wrong; what stays as it was is not looked at again.

        So an endpoint that an earlier release took can still be changed.
        """
        found = [*self._schemas(wanted, seen), *self._mapping(wanted, seen)]
        if not found:
            found += self._sample(wanted, seen)
        if found:
            raise ValidationFailed(found)

    def _schemas(self, wanted: Endpoint, seen: Endpoint | None) -> Iterator[Violation]:
        for field in SCHEMAS:
            text = getattr(wanted, field)
            if text is not None and (seen is None or getattr(seen, field) != text):
                for pointer, message in self.schemas.problems(json.loads(text), text):
                    yield Violation(f"/{field}{pointer}", message)

    def _mapping(self, wanted: Endpoint, seen: Endpoint | None) -> Iterator[Violation]:
        mapping = wanted.output_mapping
        if mapping is not None and (seen is None or seen.output_mapping != mapping):
            message = self.mappings.problem(mapping)
            if message is not None:
                yield Violation("/output_mapping", message)

    def _sample(self, wanted: Endpoint, seen: Endpoint | None) -> Iterator[Violation]:
        if wanted.input_schema is None or wanted.sample is None:
            return
        # By what it says: to Python, 1 is the same as true.
        if seen is not None and seen.input_schema == wanted.input_schema and dumps(seen.sample) == dumps(wanted.sample):
            return
        try:
            self.schemas.fit(wanted.path, wanted.input_schema, dumps(wanted.sample))
        except FlowportError as error:
            errors = error.members.get("errors") or [{"pointer": "", "detail": error.detail}]
            for one in errors:
                yield Violation(f"/sample{one['pointer']}", f"does not fit input_schema: {one['detail']}")
