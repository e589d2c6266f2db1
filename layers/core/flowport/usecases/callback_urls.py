"""Which URLs the end of a job is sent to: the call's own, where the endpoint allows its host, and the endpoint's."""

from contextlib import suppress

from flowport.domain.errors import CallbackRefused, FlowportError, InvalidRequest
from flowport.domain.records import Endpoint
from flowport.domain.webhooks import CallbackUrlRefused, host_allowed, parse_callback_url, shown_url


def callbacks_of(endpoint: Endpoint, asked: str | None, *, plain: bool) -> tuple[str, ...]:
    """Give them, each once; raise when the call names one that it may not."""
    if asked is not None:
        try:
            target = parse_callback_url(asked, plain=plain)
        except CallbackUrlRefused as error:
            message = f"Callback-Url: {shown_url(asked)!r} {error}."
            raise InvalidRequest(message) from error
        if not host_allowed(target.host, endpoint.callback_hosts):
            message = (
                f"The endpoint {endpoint.path!r} does not allow callbacks to the host {target.host!r}; its "
                "publisher can add it to callback_hosts."
            )
            raise CallbackRefused(message)
    return tuple(dict.fromkeys(url for url in (asked, endpoint.callback_url) if url is not None))


def callbacks_again(endpoint: Endpoint, before: tuple[str, ...], *, plain: bool) -> tuple[str, ...]:
    """Give those of a job that is run again: its own that the endpoint still allows, and the endpoint's."""
    for url in before:
        with suppress(FlowportError):
            if len(callbacks := callbacks_of(endpoint, url, plain=plain)) > 0:
                return callbacks
    return callbacks_of(endpoint, None, plain=plain)
