"""The request header Prefer (RFC 7240)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain.preferences import Preference, parse_prefer

NOTHING = Preference()


@pytest.mark.parametrize(
    ("header", "preference"),
    [
        (None, NOTHING),
        ("", NOTHING),
        ("respond-async", Preference(respond_async=True)),
        ("Respond-Async", Preference(respond_async=True)),
        ("wait=10", Preference(wait=10)),
        ('wait="10"', Preference(wait=10)),
        ("WAIT = 10", Preference(wait=10)),
        ("wait=0", Preference(wait=0)),
        ("wait=25", Preference(wait=25)),
        ("wait=26", Preference(wait=25)),
        ("wait=99999999999999999999", Preference(wait=25)),
        ("respond-async, wait=10", Preference(wait=10)),
        ("wait=10, respond-async", Preference(wait=10)),
        ("handling=lenient, wait=3; foo=bar", Preference(wait=3)),
        # RFC 7240 section 2: of a preference that comes twice, the first counts
        ("wait=5, wait=9", Preference(wait=5)),
        ("respond-async; foo", Preference(respond_async=True)),
        # malformed or unknown ones are ignored
        ("wait", NOTHING),
        ("wait=", NOTHING),
        ("wait=-1", NOTHING),
        ("wait=1.5", NOTHING),
        ("wait=abc", NOTHING),
        ("wait=٣", NOTHING),
        ("return=minimal", NOTHING),
        ("respond-asynchronously", NOTHING),
        ("x-respond-async", NOTHING),
        ('foo="a, respond-async"', NOTHING),
        ('foo="a, wait=3"', NOTHING),
        ('foo="a\\", respond-async"', NOTHING),
        (",,", NOTHING),
    ],
)
def test_a_header_means_what_rfc_7240_says(header: str | None, preference: Preference) -> None:
    assert parse_prefer(header) == preference


@pytest.mark.parametrize(
    ("preference", "applied"),
    [
        (NOTHING, None),
        (Preference(respond_async=True), "respond-async"),
        (Preference(wait=25), "wait=25"),
        (Preference(wait=0), "wait=0"),
    ],
)
def test_the_answer_names_the_preference_that_was_applied(preference: Preference, applied: str | None) -> None:
    assert preference.applied == applied


@given(st.text())
def test_no_header_upsets_the_parser_or_asks_for_more_than_25_seconds(header: str) -> None:
    preference = parse_prefer(header)
    assert preference.wait is None or 0 <= preference.wait <= 25
    assert not (preference.respond_async and preference.wait is not None)


@pytest.mark.parametrize(
    "header", ['"' * 10_000, "a " * 5000, "a=" * 5000, " " * 10_000 + "=", 'a="' + '\\"' * 5000, ";" * 10_000]
)
def test_a_hostile_header_costs_no_time(header: str) -> None:
    begun = time.process_time()
    parse_prefer(header)
    assert time.process_time() - begun < 0.5
