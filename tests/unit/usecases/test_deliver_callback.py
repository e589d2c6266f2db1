"""One attempt to deliver a callback, and what callers see of the attempts."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from flowport.adapters.jmespath_mapping import JmesPathMapping
from flowport.dialects.native.answers import job_document
from flowport.domain.errors import JobEnded, NotFound, Unavailable
from flowport.domain.job import Job
from flowport.domain.webhooks import Attempt, Delivery, new_secret
from flowport.usecases.deliver_callback import DeliverCallback, Due, Next
from flowport.usecases.deliveries import JobDeliveries, ReadDeliveries, Resend, TooManyResends
from flowport.usecases.map_output import callback_document
from tests.fakes import (
    JOB_ID,
    NOW,
    FakeClock,
    FakeDeliveryLog,
    FakeJobStore,
    FakeOutbound,
    FakeSecrets,
    a_job,
    after,
    before,
    fail,
)
from tests.unit.usecases.stack import Stack

HOOK = "https://hooks.example.com/done?key=secret"
FIRST = Due(JOB_ID, 1, 0, 1)
SECRET = new_secret()


def ended(**changes: Any) -> Job:
    done: dict[str, Any] = {
        "status": "SUCCEEDED",
        "finished_at": NOW + 200,
        "output": '{"total":42}',
        "callbacks": (HOOK,),
        "base_url": "https://api.example.com/prod",
        "check_at": None,
    }
    return a_job(**{**done, **changes})


@dataclass
class Delivering:
    """The use case over the fakes, with one ended job."""

    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobStore = field(default_factory=FakeJobStore)
    secrets: FakeSecrets = field(default_factory=lambda: FakeSecrets(acme=SECRET))
    outbound: FakeOutbound = field(default_factory=FakeOutbound)

    def __post_init__(self) -> None:
        self.jobs.rows[JOB_ID] = ended()
        self.log = FakeDeliveryLog(self.jobs)
        self.use = DeliverCallback(
            self.jobs, self.log, self.secrets, self.outbound, self.clock, (10, 100), job_document
        )

    def logged(self) -> list[tuple[int, int, int | str | None]]:
        delivery = self.log.kept[JOB_ID, 1]
        return [(one.run, one.number, one.status or one.error) for one in delivery.attempts]


@pytest.fixture
def it() -> Delivering:
    return Delivering()


def test_the_message_is_the_job_as_it_is_read_signed_for_its_receiver(it: Delivering) -> None:
    assert it.use(FIRST) == Next("delivered")
    ((target, headers, body),) = it.outbound.received
    assert (target.host, target.target) == ("hooks.example.com", "/done?key=secret")
    assert headers["webhook-id"] == f"msg_{JOB_ID}_1"
    assert headers["content-type"] == "application/json"
    assert body.decode() == job_document(ended(), "https://api.example.com/prod")
    assert json.loads(body)["links"]["self"] == f"https://api.example.com/prod/v1/jobs/{JOB_ID}"


def test_the_receivers_library_verifies_it(it: Delivering) -> None:
    import time

    it.clock.at = time.time() * 1000
    it.use(FIRST)
    ((_, headers, body),) = it.outbound.received
    assert Webhook(SECRET).verify(body, headers)["output"] == {"total": 42}


def test_every_valid_secret_signs_each_attempt_anew(it: Delivering) -> None:
    it.outbound.answers = [500]
    it.use(FIRST)
    it.secrets.put("acme", new_secret(), replaces="v1")
    it.use(Due(JOB_ID, 1, 0, 2))
    one, two = (headers["webhook-signature"].split() for _, headers, _ in it.outbound.received)
    assert (len(one), len(two)) == (1, 2)


def test_a_large_output_is_sent_whole(it: Delivering) -> None:
    output = json.dumps({"text": "x" * 5000})
    it.jobs.rows[JOB_ID] = ended(output=output)
    it.use(FIRST)
    assert json.loads(it.outbound.received[0][2])["output"] == {"text": "x" * 5000}


def test_a_payload_whose_time_is_over_is_not_sent(it: Delivering) -> None:
    it.jobs.rows[JOB_ID] = ended(keep_payloads_ms=1000)
    it.outbound.answers = [500]
    it.use(FIRST)
    it.clock.sleep(2)
    it.use(Due(JOB_ID, 1, 0, 2))
    assert [json.loads(body)["output"] for _, _, body in it.outbound.received] == [{"total": 42}, None]


def test_a_failed_attempt_is_followed_by_another_after_its_pause(it: Delivering) -> None:
    it.outbound.answers = [500]
    then = it.use(FIRST)
    assert then.status == "pending"
    assert 8 <= then.wait_seconds <= 12
    then = it.use(Due(JOB_ID, 1, 0, 2))
    assert 80 <= then.wait_seconds <= 120
    assert it.use(Due(JOB_ID, 1, 0, 3)) == Next("failed")
    assert it.logged() == [(0, 1, 500), (0, 2, 500), (0, 3, 500)]


def test_pauses_are_not_the_same_for_all() -> None:
    waits = set()
    for _ in range(20):
        delivering = Delivering(outbound=FakeOutbound(500))
        delivering.use = DeliverCallback(
            delivering.jobs,
            delivering.log,
            delivering.secrets,
            delivering.outbound,
            delivering.clock,
            (10_000,),
            job_document,
        )
        waits.add(delivering.use(FIRST).wait_seconds)
    assert len(waits) > 10
    assert all(8_000 <= wait <= 12_001 for wait in waits)


def test_410_ends_a_delivery(it: Delivering) -> None:
    it.outbound.answers = [410]
    assert it.use(FIRST) == Next("gone")


def test_an_attempt_that_is_in_the_log_is_not_made_again(it: Delivering) -> None:
    it.outbound.answers = [500]
    first = it.use(FIRST)
    it.clock.sleep(3)
    again = it.use(FIRST)
    assert len(it.outbound.received) == 1
    assert again.status == "pending"
    assert first.wait_seconds - 4 <= again.wait_seconds <= first.wait_seconds - 2


def test_an_attempt_that_was_sent_and_not_logged_is_sent_again_with_the_same_id(it: Delivering) -> None:
    fail(it.log, "write", Unavailable("busy"))
    with pytest.raises(Unavailable):
        it.use(FIRST)
    it.use(FIRST)
    assert [headers["webhook-id"] for _, headers, _ in it.outbound.received] == [f"msg_{JOB_ID}_1"] * 2
    assert it.logged() == [(0, 1, 200)]


def test_of_two_attempts_at_once_one_is_logged(it: Delivering) -> None:
    it.outbound.answers = [500, 200]
    meanwhile: list[Next] = []

    def other() -> None:
        if not meanwhile:
            meanwhile.append(Next("pending"))
            meanwhile[0] = it.use(FIRST)

    before(it.log, "write", other)
    assert it.use(FIRST) == Next("delivered")
    assert meanwhile == [Next("delivered")]
    assert it.logged() == [(0, 1, 200)]


def test_an_older_run_ends_when_the_message_was_sent_again(it: Delivering) -> None:
    it.outbound.answers = [500]
    it.use(FIRST)
    it.use(Due(JOB_ID, 1, 1, 1))
    assert it.use(Due(JOB_ID, 1, 0, 2)) == Next("superseded")
    assert it.logged() == [(0, 1, 500), (1, 1, 500)]


def test_a_run_that_was_overtaken_while_it_sent_ends(it: Delivering) -> None:
    it.outbound.answers = [500]
    it.use(FIRST)
    ran: list[int] = []

    def overtake() -> None:
        if not ran:
            ran.append(1)
            it.use(Due(JOB_ID, 1, 1, 1))

    after(it.outbound, "post", overtake)
    assert it.use(Due(JOB_ID, 1, 0, 2)) == Next("superseded")


def test_a_job_that_was_deleted_is_not_sent_and_gets_no_log(it: Delivering) -> None:
    after(it.outbound, "post", it.jobs.rows.clear)
    assert it.use(FIRST) == Next("job-deleted")
    assert it.use(FIRST) == Next("job-deleted")
    assert len(it.outbound.received) == 1
    assert it.log.kept == {}


def test_without_a_secret_nothing_is_sent_and_the_log_says_why(it: Delivering) -> None:
    it.secrets.kept = {}
    assert it.use(FIRST).status == "pending"
    assert (it.outbound.received, it.logged()) == ([], [(0, 1, "no-secret")])


def test_a_url_that_is_no_longer_allowed_at_all_is_not_called(it: Delivering) -> None:
    it.jobs.rows[JOB_ID] = ended(callbacks=("http://127.0.0.1/",))
    it.use(FIRST)
    assert (it.outbound.received, it.logged()) == ([], [(0, 1, "url-refused")])


def test_the_log_shows_no_query(it: Delivering) -> None:
    it.use(FIRST)
    assert it.log.kept[JOB_ID, 1].url == "https://hooks.example.com/done?…"


# -- what callers see ------------------------------------------------------------------------------------------------


@pytest.fixture
def stack() -> Stack:
    made = Stack()
    made.jobs.rows[JOB_ID] = ended()
    return made


def read(stack: Stack) -> tuple[Delivery, ...]:
    return stack.job_deliveries.read(stack.caller(), ReadDeliveries(JOB_ID)).deliveries


def test_a_delivery_that_was_not_attempted_yet_is_pending(stack: Stack) -> None:
    assert read(stack) == (Delivery(JOB_ID, 1, "https://hooks.example.com/done?…"),)


def test_a_job_without_callbacks_has_no_deliveries(stack: Stack) -> None:
    stack.jobs.rows[JOB_ID] = ended(callbacks=())
    assert read(stack) == ()


def test_a_caller_without_a_credential_does_not_see_the_path(stack: Stack) -> None:
    stack.jobs.rows[JOB_ID] = ended(principal="anonymous")
    found = stack.job_deliveries.read(stack.caller(presented=None), ReadDeliveries(JOB_ID))
    assert [delivery.url for delivery in found.deliveries] == ["https://hooks.example.com/…"]


def test_sending_again_starts_a_run_after_the_last_one(stack: Stack) -> None:
    attempts = (Attempt(0, 1, NOW, 5, 500), Attempt(2, 1, NOW, 5, 500))
    stack.log.kept[JOB_ID, 1] = Delivery(JOB_ID, 1, "u", "failed", attempts)
    stack.job_deliveries.resend(stack.caller(), Resend(JOB_ID, 1))
    assert stack.deliveries.started == [(JOB_ID, 1, 3)]


def test_what_was_never_attempted_can_be_sent_again_too(stack: Stack) -> None:
    stack.job_deliveries.resend(stack.caller(), Resend(JOB_ID, 1))
    assert stack.deliveries.started == [(JOB_ID, 1, 1)]


@pytest.mark.parametrize("number", [0, 2, 9])
def test_there_are_no_deliveries_but_the_jobs(stack: Stack, number: int) -> None:
    with pytest.raises(NotFound):
        stack.job_deliveries.resend(stack.caller(), Resend(JOB_ID, number))


def test_a_job_that_has_not_ended_is_not_sent(stack: Stack) -> None:
    stack.jobs.rows[JOB_ID] = ended(status="RUNNING")
    with pytest.raises(JobEnded):
        stack.job_deliveries.resend(stack.caller(), Resend(JOB_ID, 1))


def test_a_message_is_sent_again_so_often_and_no_more(stack: Stack) -> None:
    stack.log.kept[JOB_ID, 1] = Delivery(JOB_ID, 1, "u", "failed", (Attempt(20, 1, NOW, 5, 500),))
    with pytest.raises(TooManyResends):
        stack.job_deliveries.resend(stack.caller(), Resend(JOB_ID, 1))
    assert stack.deliveries.started == []


def test_another_callers_job_is_not_sent_again(stack: Stack) -> None:
    stack.jobs.rows[JOB_ID] = ended(workspace="other")
    with pytest.raises(NotFound):
        JobDeliveries(stack.access, stack.log, stack.deliveries, stack.clock).resend(stack.caller(), Resend(JOB_ID, 1))


def test_a_callback_carries_the_mapped_output(it: Delivering) -> None:
    it.jobs.rows[JOB_ID] = replace(it.jobs.rows[JOB_ID], status="SUCCEEDED", output='{"a":1,"b":2}', output_mapping="a")
    it.use = replace(it.use, document=callback_document(JmesPathMapping(), job_document))
    it.use(FIRST)
    assert json.loads(it.outbound.received[0][2])["output"] == 1


def test_a_callback_whose_output_cannot_be_mapped_is_sent_without_it_and_says_why(it: Delivering) -> None:
    it.jobs.rows[JOB_ID] = replace(it.jobs.rows[JOB_ID], status="SUCCEEDED", output='"x"', output_mapping="sum(@)")
    it.use = replace(it.use, document=callback_document(JmesPathMapping(), job_document))
    it.use(FIRST)
    sent = json.loads(it.outbound.received[0][2])
    assert (sent["status"], sent["output"]) == ("SUCCEEDED", None)
    assert sent["output_error"].startswith("The run succeeded, but the endpoint's output mapping cannot be applied")
