"""Holds what callers were told against what Flowport recorded and against what ran. Pure, so that it can be tested.

Three accounts that do not know of one another: what each caller saw, Flowport's rows, and the counts that the workflows
kept of themselves. Whatever one of them has and another lacks is named.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from load.effects import NOTHING, Effect
from load.observed import NOT_STARTED, OPEN, OUTCOME_UNKNOWN, Row, Seen
from load.plan import Call


@dataclass(frozen=True, slots=True)
class Audit:
    """What was counted, and every loss, double, standstill and contradiction in words."""

    calls: int
    refused_for_now: int
    accepted: int
    recorded: int
    ended: int
    started: int
    unknown: int
    hung_up: int
    hung_up_recorded: int
    hung_up_ended: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    stuck: tuple[str, ...]
    contradicted: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is missing, doubled, at a standstill or told otherwise than it was."""
        return not (self.lost or self.doubled or self.stuck or self.contradicted)


def audit(
    calls: Sequence[Call],
    seen: Sequence[Seen],
    rows: Sequence[Row],
    effects: Mapping[str, Effect],
    executions: Mapping[str, str],
) -> Audit:
    """Compare. `effects` and `executions` hold those of this load's machines alone, by job id."""
    accounts = _Accounts(calls, seen, {row.job_id: row for row in rows}, effects, executions)
    hung_up = {call.number for call in calls if call.kind == "hang-up"}
    of_hang_ups = [row for row in rows if row.number in hung_up]
    return Audit(
        calls=len(seen),
        refused_for_now=sum(one.refusals for one in seen),
        accepted=len(accounts.told),
        recorded=len(rows),
        ended=sum(row.ended for row in rows),
        started=sum(effect.starts for effect in effects.values()),
        unknown=sum(row.error == OUTCOME_UNKNOWN for row in rows),
        hung_up=len(hung_up),
        hung_up_recorded=len(of_hang_ups),
        hung_up_ended=sum(row.ended for row in of_hang_ups),
        lost=tuple(accounts.lost()),
        doubled=tuple(accounts.doubled()),
        stuck=tuple(f"{row.job_id} is {row.status} (call {row.number})" for row in rows if not row.ended),
        contradicted=tuple(accounts.contradicted()),
    )


class _Accounts:
    def __init__(
        self,
        calls: Sequence[Call],
        seen: Sequence[Seen],
        rows: Mapping[str, Row],
        effects: Mapping[str, Effect],
        executions: Mapping[str, str],
    ) -> None:
        self.calls = {call.number: call for call in calls}
        self.seen, self.rows, self.effects, self.executions = seen, rows, effects, executions
        self.told: dict[str, list[tuple[Seen, str]]] = defaultdict(list)
        for one in seen:
            for told in one.told:
                self.told[told.job_id].append((one, told.status))

    def lost(self) -> Iterator[str]:
        for number in sorted(self.calls.keys() - {one.number for one in self.seen}):
            yield f"call {number} was made and nobody knows how it ended"
        for job_id in self.told.keys() - self.rows.keys():
            yield f"{job_id} was acknowledged and is not recorded"
        for job_id in (self.effects.keys() | self.executions.keys()) - self.rows.keys():
            yield f"{job_id} ran and is not recorded"
        for row in self.rows.values():
            effect = self.effects.get(row.job_id, NOTHING)
            if row.status == "SUCCEEDED" and (not effect.starts or not effect.ends):
                yield f"{row.job_id} is recorded as succeeded and ran {effect.starts}/{effect.ends} times"
            if row.error == NOT_STARTED and any(status in OPEN for _, status in self.told.get(row.job_id, [])):
                yield f"{row.job_id} was acknowledged and never started"

    def doubled(self) -> Iterator[str]:
        for job_id, effect in self.effects.items():
            if effect.starts > 1 or effect.ends > 1:
                yield f"{job_id} was started {effect.starts} times and came to its end {effect.ends} times"
        for (key, index), job_ids in self._jobs_of_keys().items():
            if len(job_ids) > 1:
                yield f"key {key}, input {index}: {len(job_ids)} jobs"
        # A call that was refused was made again: what was recorded as never started is none of its jobs.
        for number, count in Counter(row.number for row in self.rows.values() if row.error != NOT_STARTED).items():
            if number in self.calls and count > len(self.calls[number].inputs):
                yield f"call {number} has {len(self.calls[number].inputs)} inputs and {count} jobs"

    def contradicted(self) -> Iterator[str]:
        for job_id, answers in self.told.items():
            row = self.rows.get(job_id)
            for one, status in answers:
                if row is not None and status not in OPEN and status != row.status:
                    yield f"{job_id} was told as {status} (call {one.number}) and is recorded as {row.status}"
        for row in self.rows.values():
            effect = self.effects.get(row.job_id, NOTHING)
            if row.error == NOT_STARTED and effect.starts:
                yield f"{row.job_id} is recorded as never started and ran {effect.starts} times"
        yield from self._refused_and_run()
        yield from self._inputs_of_keys()

    def _jobs_of_keys(self) -> dict[tuple[str, int], set[str]]:
        """The jobs that each key and index led to; one that was never started has left its key free again."""
        jobs: dict[tuple[str, int], set[str]] = defaultdict(set)
        for one in self.seen:
            key = self.calls[one.number].key
            for told in one.told if key else ():
                row = self.rows.get(told.job_id)
                if row is None or row.error != NOT_STARTED:
                    jobs[key or "", told.index].add(told.job_id)
        return jobs

    def _refused_and_run(self) -> Iterator[str]:
        """A refusal by the gateway says that nothing was started and nothing will be."""
        started = {row.number for row in self.rows.values() if self.effects.get(row.job_id, NOTHING).starts}
        for one in self.seen:
            call = self.calls[one.number]
            if one.source == "gateway" and not one.told and call.key is None and one.number in started:
                yield f"call {one.number} was refused ({one.outcome}) and ran"
            if call.credential != "good" and (one.told or one.outcome.startswith("2")):
                yield f"call {one.number} with {call.credential} as its credential was answered {one.outcome}"

    def _inputs_of_keys(self) -> Iterator[str]:
        """Of the inputs that came under one key, one is run, and no other is answered by its job."""
        run: dict[str, set[str]] = defaultdict(set)
        for one in self.seen:
            call = self.calls[one.number]
            if call.key and one.told and call.kind == "key":
                run[call.key].add(repr(call.inputs))
        for key, inputs in run.items():
            if len(inputs) > 1:
                yield f"key {key}: {len(inputs)} different inputs were answered by its job"
        for one in self.seen:
            call = self.calls[one.number]
            if call.kind == "key" and one.outcome == "422" and repr(call.inputs) in run.get(call.key or "", set()):
                yield f"call {one.number} was refused as another input under key {call.key}, and is the same"
