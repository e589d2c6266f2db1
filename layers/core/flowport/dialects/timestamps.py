"""Times as wire formats write them."""

from datetime import UTC, datetime


def timestamp(at: int | None) -> str | None:
    """Write epoch milliseconds as RFC 3339 with milliseconds, UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> int:
    """Read an RFC 3339 time into epoch milliseconds."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
