"""The mixture of calls: the same for a seed, and with everything in it that is to be mixed."""

from collections import Counter, defaultdict

from load.plan import OTHER_INPUTS_FOR_A_KEY, SHARES, WRONG_CREDENTIALS, Call, make


def test_a_seed_makes_the_same_calls_and_another_seed_others() -> None:
    assert make(7, 300) == make(7, 300)
    assert make(7, 300) != make(8, 300)


def test_there_are_as_many_calls_as_were_asked_for_of_every_kind() -> None:
    for calls in (200, 1999, 2000):
        kinds = Counter(call.kind for call in make(1, calls))
        assert kinds.total() == calls
        assert kinds.keys() == SHARES.keys()


def test_keys_are_repeated_with_the_same_input_and_with_another() -> None:
    inputs: dict[str, list[str]] = defaultdict(list)
    for call in make(1, 2000):
        if call.kind == "key":
            inputs[call.key or ""].append(repr(call.inputs))
    assert len(inputs) > 30
    assert max(len(sent) for sent in inputs.values()) > len(set(inputs["key-0"])) >= 1
    different = sum(len(set(sent)) > 1 for sent in inputs.values())
    assert 0 < different < len(inputs)
    assert 0 < OTHER_INPUTS_FOR_A_KEY < 1


def test_a_batch_with_a_key_is_sent_twice_with_the_same_inputs() -> None:
    sent: dict[str, list[Call]] = defaultdict(list)
    for call in make(1, 2000):
        if call.kind == "batch" and call.key:
            sent[call.key].append(call)
    pairs = [calls for calls in sent.values() if len(calls) > 1]
    assert len(pairs) >= 10
    assert all(one.inputs == other.inputs and one.endpoint == other.endpoint for one, other in pairs)


def test_every_wrong_credential_and_a_hang_up_before_anybody_can_have_read_the_call_are_in_it() -> None:
    calls = make(1, 2000)
    assert {call.credential for call in calls} == {"good", *WRONG_CREDENTIALS}
    assert {call.hang_up_after for call in calls if call.kind == "hang-up"} == {0.0, 0.05, 0.5, 1.5}
