"""Wait for a job's end by reading its row, ever less often: 50 ms at first, one second at most."""

from collections.abc import Callable
from typing import Final

from flowport.domain.errors import Unavailable
from flowport.domain.job import Job
from flowport.usecases.ports import Clock, JobStore

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
GROWTH: Final = 1.4
READ_WITHIN_SECONDS: Final = 2.0


def wait_for_end(
    jobs: JobStore,
    clock: Clock,
    job: Job,
    seconds: float,
    expire: Callable[[Job, float], Job] | None = None,
    answer_by: float = 0.0,
) -> Job:
    """Give the job as soon as it has ended, whichever way, or as it stands after `seconds`.

    A job whose deadline passes meanwhile is ended by `expire`, which is to be done by the time that it is given. What
    is still to be read when the answer is due (`answer_by`, monotonic seconds) gets one attempt, and so does what is
    still to be stopped: whoever is told that a run was aborted should not find it running.

    Reads DynamoDB only. A read that fails is as good as one that shows no end: the job goes on either way.
    """
    deadline = clock.monotonic() + seconds
    pause = FIRST_PAUSE
    while not job.ended:
        left = deadline - clock.monotonic()
        if left <= 0:
            return job
        if expire is not None and job.overdue(clock.now()):
            job = expire(job, max(answer_by, clock.monotonic()) + READ_WITHIN_SECONDS)
            break
        until_deadline = (job.deadline_at - clock.now()) / 1000 if expire and job.deadline_at else left
        clock.sleep(max(0.001, min(pause, left, until_deadline)))
        pause = min(pause * GROWTH, LONGEST_PAUSE)
        try:
            job = jobs.get(job.id, deadline=clock.monotonic() + READ_WITHIN_SECONDS) or job
        except Unavailable:
            continue
    return jobs.with_output(job, deadline=last_read(clock, answer_by))


def last_read(clock: Clock, answer_by: float) -> float:
    """Give until when to read what an answer needs: until it is due, or one attempt more."""
    return max(answer_by, clock.monotonic() + READ_WITHIN_SECONDS)
