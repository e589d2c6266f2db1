"""Every end of a job is told once, and becomes metrics of its endpoint."""

import json

import pytest

from flowport import observability
from flowport.domain.job import Job, Outcome
from flowport.usecases.count_ends import telling_of_ends
from tests.fakes import NOW, FakeJobStore, a_job

DONE = Outcome("SUCCEEDED", NOW + 900)
FAILED = Outcome("FAILED", NOW + 901)


def test_an_end_is_told_once_and_not_by_who_came_too_late() -> None:
    told: list[tuple[Job, Outcome]] = []
    store = telling_of_ends(FakeJobStore(), lambda job, outcome: told.append((job, outcome)))
    job = a_job()
    store.create(job)
    assert store.end(job, DONE)
    assert not store.end(job, FAILED)
    assert told == [(job, DONE)]


def test_the_stores_other_methods_are_its_own() -> None:
    store = telling_of_ends(FakeJobStore(), lambda *_: None)
    store.create(a_job())
    assert store.get(a_job().id) == a_job()


def test_an_end_is_two_metrics_of_its_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    observability.job_ended("flowport", a_job(), FAILED)
    assert json.loads(capsys.readouterr().out) == {
        "_aws": {
            "Timestamp": NOW + 901,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Flowport",
                    "Dimensions": [["stack", "workspace", "endpoint"]],
                    "Metrics": [
                        {"Name": "JobDuration", "Unit": "Milliseconds"},
                        {"Name": "JobsFailed", "Unit": "Count"},
                    ],
                }
            ],
        },
        "stack": "flowport",
        "workspace": "acme",
        "endpoint": "billing/quote",
        "JobDuration": 901,
        "JobsFailed": 1,
    }
