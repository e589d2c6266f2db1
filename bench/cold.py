"""Import and init of each function, in fresh processes, against the import of boto3 and the same clients."""

import re
import statistics
import subprocess
from collections import Counter

from bench import ROOT
from bench.deployed import Deployed
from bench.environment import PYTHON, function_environment
from bench.report import save, spread, table, verdict

TARGET, TARGETED = 1.3, "gateway"
RUNS = 12
PROBE = str(ROOT / "bench" / "probe.py")
_IMPORT = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")
_OWN_PACKAGES = (
    "botocore",
    "boto3",
    "s3transfer",
    "urllib3",
    "aws_lambda_powertools",
    "flowport",
    "pydantic",
    "argon2",
)
_SHOWN = 12

Contender = tuple[str, ...]
Times = dict[tuple[str, Contender], list[tuple[float, float]]]


def measure(deployed: Deployed) -> bool:
    """Time everything in turns; print and save; say whether the target is met."""
    clients = {name: _run(deployed, name, ("which",)).split() for name in deployed.functions}
    pairs: list[tuple[str, Contender]] = []
    pairs += [("", ("clients", "boto3", *services)) for services in sorted({tuple(made) for made in clients.values()})]
    pairs += [("", ("clients", "botocore", *clients[TARGETED]))]
    pairs += [(name, ("import",)) for name in clients]
    times: Times = {pair: [] for pair in pairs}
    for turn in range(RUNS + 1):
        for function, contender in pairs:
            wall, cpu = map(float, _run(deployed, function, contender).split())
            if turn:  # the first turn fills the page cache
                times[function, contender].append((wall, cpu))
    rows = {name: _figures(times, name, services) for name, services in clients.items()}
    _print(times, clients, rows)
    imports = _imports(deployed, TARGETED)
    _print_imports(imports)
    met = statistics.median(rows[TARGETED]["cpu_ratio"]) <= TARGET
    save(
        "cold",
        {
            "runs": RUNS,
            "clients": clients,
            "functions": rows,
            "boto3": {" ".join(pair[1]): values for pair, values in times.items() if not pair[0]},
            "imports_ms": imports,
            "target": TARGET,
            "met": met,
        },
    )
    return met


def _run(deployed: Deployed, function: str, arguments: Contender, *options: str) -> str:
    done = subprocess.run(
        [*PYTHON, *options, PROBE, *arguments],
        env=function_environment(deployed.python_path(function)),
        cwd=deployed.root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{function} {arguments}:\n{done.stderr}")
    return done.stderr if options else done.stdout


def _figures(times: Times, name: str, services: list[str]) -> dict[str, list[float]]:
    """Give medians and the ratio turn by turn, so that both sides of each ratio met the same load."""
    ours, theirs = times[name, ("import",)], times["", ("clients", "boto3", *services)]
    return {
        "wall_ms": [wall for wall, _ in ours],
        "cpu_ms": [cpu for _, cpu in ours],
        "wall_ratio": [mine[0] / bare[0] for mine, bare in zip(ours, theirs, strict=True)],
        "cpu_ratio": [mine[1] / bare[1] for mine, bare in zip(ours, theirs, strict=True)],
    }


def _print(times: Times, clients: dict[str, list[str]], rows: dict[str, dict[str, list[float]]]) -> None:
    lines = []
    for (function, contender), values in times.items():
        if not function:
            wall, cpu = zip(*values, strict=True)
            title = f"import {contender[1]}, clients: {', '.join(contender[2:]) or 'none'}"
            lines.append((title, spread(wall, 0), spread(cpu, 0), "", "", ""))
    for name, row in rows.items():
        lines.append(
            (
                f"{name} ({', '.join(clients[name]) or 'no client'})",
                spread(row["wall_ms"], 0),
                spread(row["cpu_ms"], 0),
                spread(row["wall_ratio"]),
                spread(row["cpu_ratio"]),
                verdict(met=statistics.median(row["cpu_ratio"]) <= TARGET) if name == TARGETED else "",
            )
        )
    table(
        f"Cold start: import and init in fresh processes, {RUNS} turns, median (least-most)",
        ("what", "ms", "CPU ms", "of boto3 and the same clients", "the same, CPU", f"at most {TARGET}"),
        lines,
        caption="As deployed: bytecode compiled with unchecked hashes. Ratios are taken turn by turn. CPU time is what "
        "counts on a machine that does other things too.",
    )


def _imports(deployed: Deployed, function: str) -> dict[str, float]:
    """Give the own time of each package's modules in milliseconds, medians of five runs of `-X importtime`."""
    runs: list[Counter[str]] = []
    for _ in range(5):
        sums: Counter[str] = Counter()
        for own, _, _, module in _IMPORT.findall(_run(deployed, function, ("import",), "-X", "importtime")):
            sums[_package(module)] += int(own)
        runs.append(sums)
    packages = {name for sums in runs for name in sums}
    medians = {name: statistics.median(sums[name] for sums in runs) / 1000 for name in packages}
    return dict(sorted(medians.items(), key=lambda item: -item[1]))


def _package(module: str) -> str:
    top = module.partition(".")[0]
    if top == "app":
        return "init: the clients, for which the service models are read"
    return top if top in _OWN_PACKAGES or top in {"dateutil", "jmespath"} else f"stdlib: {top}"


def _print_imports(imports: dict[str, float]) -> None:
    shown = dict(list(imports.items())[:_SHOWN])
    rest = sum(imports.values()) - sum(shown.values())
    rows = [(name, f"{value:.1f}") for name, value in shown.items()]
    table(
        f"What the {TARGETED} function's init costs, by package, ms of own time (-X importtime)",
        ("package", "ms"),
        [*rows, ("everything else", f"{rest:.1f}"), ("all", f"{sum(imports.values()):.1f}")],
    )
