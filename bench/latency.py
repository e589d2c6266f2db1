"""What the gateway function spends on a warm synchronous Express call, against a bare handler in the same process."""

import statistics
from collections import Counter
from typing import Any

from bench import SCRATCH, world
from bench.deployed import Deployed
from bench.lambdas import Worker
from bench.loopback import Loopback
from bench.report import middle, save, spread, table, verdict

EVENT = world.request("POST", "/v1/run/billing/quote", body=world.INPUT)
BARE, SAME, TUNED, GATEWAY = "bare", "bare_same_calls", "bare_same_calls_and_settings", "gateway"
NAMES = {
    BARE: "bare handler: StartSyncExecution only",
    SAME: "bare handler with the same three DynamoDB calls",
    TUNED: "the same with Flowport's settings of the SDK",
    GATEWAY: "Flowport's gateway function",
}
TARGET = 1.5
PROCESSES, WARM_UP, ROUNDS, PROFILED = 5, 40, 150, 200

# Where time goes, by the first part of a path that fits; what is built in counts for its caller.
PLACES = (
    ("flowport/adapters", "Flowport: adapters"),
    ("flowport/dialects", "Flowport: dialect, reading and writing"),
    ("flowport/usecases", "Flowport: use cases"),
    ("flowport/domain", "Flowport: domain"),
    ("flowport/observability", "Flowport: log line and metrics"),
    ("flowport/", "Flowport: surface"),
    ("functions/gateway", "Flowport: surface"),
    ("botocore/auth", "SDK: signing"),
    ("botocore/credentials", "SDK: signing"),
    ("/hmac", "SDK: signing"),
    ("botocore/validate", "SDK: checking parameters"),
    ("botocore/serialize", "SDK: writing requests"),
    ("botocore/parsers", "SDK: reading answers"),
    ("botocore/hooks", "SDK: hooks"),
    ("botocore/endpoint_provider", "SDK: endpoint rules"),
    ("botocore/regions", "SDK: endpoint rules"),
    ("botocore/retries", "SDK: retries"),
    ("botocore/retryhandler", "SDK: retries"),
    ("boto3/", "SDK: the rest"),
    ("botocore/", "SDK: the rest"),
    ("urllib3/", "HTTP: urllib3, http.client, sockets, headers"),
    ("/http/", "HTTP: urllib3, http.client, sockets, headers"),
    ("/email/", "HTTP: urllib3, http.client, sockets, headers"),
    ("/socket", "HTTP: urllib3, http.client, sockets, headers"),
    ("/json/", "JSON"),
    ("bench/bare", "the bare handler"),
)
REST = "standard library"
# Time in which the server works, not this process.
WAITING = {"<method 'recv_into' of '_socket.socket' objects>", "<method 'poll' of 'select.poll' objects>"}


def measure(deployed: Deployed) -> bool:
    """Time all three in turns, in several fresh processes; profile; print and save; say whether the target is met."""
    items = world.rows()
    medians: dict[str, list[list[float]]] = {name: [] for name in NAMES}
    calls: list[list[int]] = []
    with Loopback() as aws:
        for _ in range(PROCESSES):
            with Worker(deployed, aws.url, SCRATCH / "latency.log") as worker:
                _load(aws, worker, items)
                times = worker.time(list(NAMES), EVENT, ROUNDS)
            for name, values in times.items():
                medians[name].append([statistics.median(column) / 1e6 for column in zip(*values, strict=True)])
            calls += [[times[name][index][0] for name in NAMES] for index in range(ROUNDS)]
        with Worker(deployed, aws.url, SCRATCH / "latency.log") as worker:
            _load(aws, worker, items)
            profiled = worker.profile([TUNED, GATEWAY], EVENT, PROFILED)
    profiles = {
        name: _by_place(rows, statistics.median(row[1] for row in medians[name])) for name, rows in profiled.items()
    }
    ratios = _ratios(medians)
    _print(medians, ratios, calls)
    _print_profile(profiles)
    met = statistics.median(ratios["latency"][SAME]) <= TARGET
    save(
        "latency",
        {
            "event": "POST /v1/run/billing/quote, token, sync, Express",
            "calls_each": PROCESSES * ROUNDS,
            "medians_ms": {
                name: {"latency": [row[0] for row in rows], "cpu": [row[1] for row in rows]}
                for name, rows in medians.items()
            },
            "ratios_to_bare": ratios,
            "profile_cpu_ms": profiles,
            "target": TARGET,
            "met": met,
        },
    )
    return met


def _load(aws: Loopback, worker: Worker, items: Any) -> None:  # noqa: ANN401  # Items
    worker.load(GATEWAY)
    aws.control(items=items, output=world.OUTPUT, recording=True)
    worker.call(GATEWAY, EVENT)
    asked = {call["operation"]: call["request"] for call in aws.control(recording=False)}
    worker.load_bare(BARE, state_machine_arn=world.EXPRESS_ARN)
    for name in (SAME, TUNED):
        worker.load_bare(
            name,
            state_machine_arn=world.EXPRESS_ARN,
            read=asked["BatchGetItem"],
            put=asked["PutItem"],
            end=asked["UpdateItem"],
            our_settings=name == TUNED,
        )
    worker.time(list(NAMES), EVENT, WARM_UP)


def _ratios(medians: dict[str, list[list[float]]]) -> dict[str, dict[str, list[float]]]:
    """Give, for latency and CPU, the gateway's ratio to each bare handler in each process."""
    return {
        kind: {
            name: [ours[index] / bare[index] for ours, bare in zip(medians[GATEWAY], medians[name], strict=True)]
            for name in (BARE, SAME, TUNED)
        }
        for index, kind in enumerate(("latency", "cpu"))
    }


def _print(
    medians: dict[str, list[list[float]]], ratios: dict[str, dict[str, list[float]]], calls: list[list[int]]
) -> None:
    per_call = {name: [row[index] / 1e6 for row in calls] for index, name in enumerate(NAMES)}
    rows = []
    for name, title in NAMES.items():
        own = name == GATEWAY
        rows.append(
            (
                title,
                spread([row[0] for row in medians[name]]),
                middle(per_call[name]),
                spread([row[1] for row in medians[name]]),
                "" if own else spread(ratios["latency"][name]),
                "" if own else spread(ratios["cpu"][name]),
                "" if name != SAME else verdict(met=statistics.median(ratios["latency"][SAME]) <= TARGET),
            )
        )
    table(
        f"One warm synchronous Express call, called in turns, {PROCESSES} processes of {ROUNDS} calls each, ms",
        (
            "handler",
            "latency: median of medians (least-most)",
            "all calls: median (quartiles)",
            "CPU",
            "Flowport's latency is",
            "Flowport's CPU is",
            f"at most {TARGET}",
        ),
        rows,
        caption="Against a loopback server that answers at once, without TLS: on AWS each call adds its network and "
        "service time, the same for all, so that the ratios come nearer to 1.",
    )


def _by_place(rows: list[dict[str, Any]], cpu_ms: float) -> dict[str, float]:
    """Sum up own time by place, scaled from the profiler's time to the CPU time that a call takes without it."""
    sums: Counter[str] = Counter()
    for row in rows:
        if row["function"] not in WAITING:
            place = next((name for part, name in PLACES if part in row["file"]), REST)
            sums[place] += row["own"]
    scale = cpu_ms / sum(sums.values())
    return {place: own * scale for place, own in sums.items()}


def _print_profile(profiles: dict[str, dict[str, float]]) -> None:
    ours, bare = profiles[GATEWAY], profiles[TUNED]
    rows = []
    for place in sorted({*ours, *bare}, key=lambda place: -ours.get(place, 0)):
        mine, theirs = ours.get(place, 0.0), bare.get(place, 0.0)
        rows.append((place, f"{theirs:.2f}", f"{mine:.2f}", f"{mine - theirs:+.2f}"))
    total_bare, total = sum(bare.values()), sum(ours.values())
    rows.append(("all", f"{total_bare:.2f}", f"{total:.2f}", f"{total - total_bare:+.2f}"))
    table(
        f"Where it goes: CPU ms a call by place, by the shares of {PROFILED} calls each under cProfile, in turns",
        ("place", NAMES[TUNED], NAMES[GATEWAY], "more"),
        rows,
    )
