"""JSON objects that callers of the admin API send: read strictly, or refused with everything that is wrong."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from flowport.usecases.admin.errors import ValidationFailed, Violation

INVISIBLE: Final = "must not have control characters or other invisible ones"


def visible(text: str) -> str:
    """Refuse control characters."""
    if not text.isprintable():
        raise ValueError(INVISIBLE)
    return text


def unique[T](values: list[T]) -> list[T]:
    """Refuse a list that names something twice."""
    if len(set(values)) != len(values):
        message = "must not name anything twice"
        raise ValueError(message)
    return values


class Document(BaseModel):
    """A JSON object; nothing is converted, and what is not known is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:  # noqa: ARG003  # for subclasses
        """Give what is wrong between members, whether or not each is right by itself."""
        return ()


def read[M: Document](model: type[M], sent: Mapping[str, Any], further: Iterable[Violation] = ()) -> M:
    """Read a document, or refuse it with everything that is wrong."""
    found = [*further, *model.conflicts(sent)]
    try:
        document = model.model_validate(dict(sent))
    except ValidationError as error:
        found = [*map(_violation, error.errors(include_url=False, include_input=False)), *found]
        raise ValidationFailed(found) from None  # the error holds what was sent, a password perhaps
    if found:
        raise ValidationFailed(found)
    return document


def _violation(error: Mapping[str, Any]) -> Violation:
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"])
    match error["type"]:
        case "value_error":
            message = str(error["ctx"]["error"])
        case "extra_forbidden":
            message = "is not known here"
        case "missing":
            message = "is missing"
        case _:
            message = str(error["msg"])
    return Violation(pointer, message)
