"""Numbers of jobs: a workspace counts the jobs that were started through one API family 1, 2, 3 ….

A number is drawn before its job is written, and never given twice; one whose job was not written after all, because its
process died or its call was a repetition, is left out.
"""

from dataclasses import dataclass
from typing import Final, Literal

Series = Literal["nebulagraph"]
# A job's number is what the native contract, too, takes for a reference of at most so many digits: more are a job id
# in decimal. There is one series as yet, so that a number alone says which.
DIGITS_AT_MOST: Final = 15
ONLY_SERIES: Final[Series] = "nebulagraph"


@dataclass(frozen=True, slots=True)
class JobNumber:
    """A job's number in its workspace's series."""

    series: Series
    value: int

    def __str__(self) -> str:
        """Write the number as its family does."""
        return str(self.value)


def job_number_of(text: str) -> JobNumber | None:
    """Read a reference that is a number; None when it is none, or one too long to be."""
    if not (text.isascii() and text.isdigit()) or len(text) > DIGITS_AT_MOST or text.startswith("0"):
        return None
    return JobNumber(ONLY_SERIES, int(text))


@dataclass(frozen=True, slots=True)
class NumberEntry:
    """A line of a series: the number, its job, and what lists look at without reading the job. Times in epoch ms.

    `status` is None until the job has ended; `expires_at` is when it is no longer there for anybody.
    """

    number: JobNumber
    job_id: str
    endpoint: str
    principal: str
    created_at: int
    status: str | None = None
    expires_at: int | None = None
