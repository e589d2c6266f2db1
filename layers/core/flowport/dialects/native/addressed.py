"""What a path of the native contract leads to, before anybody has said who is calling."""

from flowport.domain.addresses import endpoint_address
from flowport.usecases.page_origins import Addressed


def addressed_by(segments: tuple[str, ...]) -> Addressed | None:
    """Give the endpoint or the job that a path names, None for every other path."""
    match segments:
        case ("v1", "run" | "validate" | "endpoints", module, name, *_):
            return Addressed(endpoint=endpoint_address(module, name))
        case ("v1", "jobs", reference, *_):
            return Addressed(job=reference)
    return None
