"""The house rules for state machines, checked on every file in statemachines/ and on machines that break them."""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonata  # type: ignore[import-untyped]
import pytest

type State = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "statemachines"
MACHINES = {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.asl.json"))}

SOUND: State = {
    "Comment": "A Task inside a Map; its error path passes a Choice on the way to Fail.",
    "QueryLanguage": "JSONata",
    "StartAt": "Each",
    "TimeoutSeconds": 60,
    "States": {
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input %}",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Work",
                "States": {
                    "Work": {
                        "Type": "Task",
                        "Resource": "arn:${Partition}:states:::lambda:invoke",
                        "Arguments": {"FunctionName": "${WorkFunctionArn}"},
                        "TimeoutSeconds": 10,
                        "Retry": [{"ErrorEquals": ["Lambda.ServiceException"]}],
                        "Catch": [
                            {"ErrorEquals": ["ClientError"], "Next": "WhoseMistake"},
                            {"ErrorEquals": ["States.ALL"], "Next": "Broken"},
                        ],
                        "End": True,
                    },
                    "WhoseMistake": {
                        "Type": "Choice",
                        "Choices": [{"Condition": "{% true %}", "Next": "Refused"}],
                        "Default": "Broken",
                    },
                    "Refused": {"Type": "Fail", "Error": "Refused", "Cause": "Bad input."},
                    "Broken": {"Type": "Fail", "Error": "Broken", "Cause": "See the log."},
                },
            },
            "End": True,
        }
    },
}


def violations(machine: State) -> list[str]:
    found = [f"the machine has no {field}" for field in ("Comment", "TimeoutSeconds") if field not in machine]
    if machine.get("QueryLanguage") != "JSONata":
        found.append("the machine's QueryLanguage is not JSONata")
    found += [
        f"an ARN is written out: {arn}" for arn in re.findall(r"arn:(?!\$\{Partition\}:states:::)\S*", str(machine))
    ]
    found += [f"not JSONata: {expression}" for expression in expressions(machine) if not parses(expression)]
    names = Counter(name for states in scopes(machine) for name in states)
    found += [f"two states are called {name}" for name, count in names.items() if count > 1]
    for states in scopes(machine):
        for name, state in states.items():
            found += [f"{name}: {broken}" for broken in state_violations(state, states)]
    return found


def state_violations(state: State, states: dict[str, State]) -> Iterator[str]:
    """`states` are the ones beside it: a Catch cannot leave its scope."""
    if state["Type"] == "Task":
        if "TimeoutSeconds" not in state:
            yield "a Task without TimeoutSeconds"
        for field in ("Retry", "Catch"):
            if all(errors(rule) == {"States.ALL"} for rule in state.get(field, [])):
                yield f"{field} names no error"
    if any("States.ALL" in errors(rule) for rule in state.get("Retry", [])):
        yield "Retry repeats every error, the caller's mistakes included"
    for target in {*targets(state), *(rule["Next"] for rule in state.get("Catch", []))} - states.keys():
        yield f"leads to {target}, which does not exist"
    for rule in state.get("Catch", []):
        if not errors(rule):
            yield "Catch has an entry without errors"
        yield from (f"its error path ends in {end}, not in Fail" for end in ends(rule["Next"], states, set()))


def errors(rule: State) -> set[str]:
    return set(rule.get("ErrorEquals", []))


def ends(name: str, states: dict[str, State], seen: set[str]) -> Iterator[str]:
    """The states other than Fail in which a path from `name` can end."""
    state = states.get(name)
    if state is None or name in seen:
        return
    seen.add(name)
    if state.get("End") or state["Type"] == "Succeed":
        yield name
    for target in targets(state):
        yield from ends(target, states, seen)


def targets(state: State) -> list[str]:
    """Where the state can lead when it does not fail."""
    ways = [state.get("Next"), state.get("Default"), *(choice["Next"] for choice in state.get("Choices", []))]
    return [way for way in ways if way]


def expressions(part: object) -> Iterator[str]:
    match part:
        case str(text) if "{%" in text or "%}" in text:
            yield text
        case dict():
            for value in part.values():
                yield from expressions(value)
        case list():
            for value in part:
                yield from expressions(value)


def parses(expression: str) -> bool:
    if not (expression.startswith("{%") and expression.endswith("%}")):
        return False  # Step Functions takes such a text literally
    try:
        jsonata.Jsonata(expression[2:-2])
    except jsonata.JException:
        return False
    return True


def scopes(machine: State) -> Iterator[dict[str, State]]:
    """The machine's states, then those inside each Map and Parallel, however deep."""
    yield machine["States"]
    for state in machine["States"].values():
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            if inner:
                yield from scopes(inner)


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_keeps_the_house_rules(name: str) -> None:
    assert violations(MACHINES[name]) == []


def test_the_sample_workflows_are_here() -> None:
    assert {"hello.asl.json", "quote.asl.json", "report.asl.json", "import-records.asl.json"} <= MACHINES.keys()


def test_definitions_are_json_since_the_local_engine_reads_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(MACHINES)


@pytest.mark.slow
def test_definitions_are_valid_amazon_states_language() -> None:
    assert asl_errors(MACHINES) == []


@pytest.mark.slow
def test_a_definition_that_is_not_amazon_states_language_is_found() -> None:
    misspelt = json.loads(json.dumps(SOUND).replace('"StartAt"', '"StartsAt"'))
    assert asl_errors({"misspelt": misspelt}) != []


def asl_errors(machines: dict[str, State]) -> list[str]:
    from cfnlint.api import lint_all  # type: ignore[import-untyped]  # seconds to import: only where it is used

    resources = {
        f"Machine{number}": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": "arn:aws:iam::123456789012:role/any",
                "Definition": json.loads(json.dumps(machine).replace("${Partition}", "aws")),
            },
        }
        for number, machine in enumerate(machines.values())
    }
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    return [str(match) for match in lint_all(template)]


def test_a_sound_machine_breaks_no_rule() -> None:
    assert violations(SOUND) == []


def no_machine_timeout(machine: State) -> None:
    del machine["TimeoutSeconds"]


def no_comment(machine: State) -> None:
    del machine["Comment"]


def no_query_language(machine: State) -> None:
    del machine["QueryLanguage"]


def arn_written_out(machine: State) -> None:
    work(machine)["Arguments"]["FunctionName"] = "arn:aws:lambda:eu-west-1:123456789012:function:work"


def same_name_twice(machine: State) -> None:
    machine["States"]["Broken"] = {"Type": "Fail"}


def no_task_timeout(machine: State) -> None:
    del work(machine)["TimeoutSeconds"]


def no_task_timeout_in_a_branch(machine: State) -> None:
    no_task_timeout(machine)
    branch = machine["States"]["Each"].pop("ItemProcessor")
    machine["States"]["Each"] |= {"Type": "Parallel", "Branches": [branch]}


def no_retry(machine: State) -> None:
    del work(machine)["Retry"]


def retry_of_everything(machine: State) -> None:
    work(machine)["Retry"].append({"ErrorEquals": ["States.ALL"]})


def no_catch(machine: State) -> None:
    del work(machine)["Catch"]


def catch_of_everything_only(machine: State) -> None:
    work(machine)["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Broken"}]


def catch_of_nothing(machine: State) -> None:
    work(machine)["Catch"][1]["ErrorEquals"] = []


def error_path_ends_well(machine: State) -> None:
    inner(machine)["Refused"] = {"Type": "Pass", "End": True}


def error_path_succeeds(machine: State) -> None:
    inner(machine)["Broken"] = {"Type": "Succeed"}


def error_path_leads_nowhere(machine: State) -> None:
    inner(machine)["WhoseMistake"]["Default"] = "Nowhere"


def catch_leads_nowhere(machine: State) -> None:
    work(machine)["Catch"][0]["Next"] = "Nowhere"


def expression_misspelt(machine: State) -> None:
    work(machine)["Output"] = "{% $states.result.( %}"


def expression_half_open(machine: State) -> None:
    work(machine)["Output"] = "got {% $states.result %}"


def inner(machine: State) -> dict[str, State]:
    states: dict[str, State] = machine["States"]["Each"]["ItemProcessor"]["States"]
    return states


def work(machine: State) -> State:
    return inner(machine)["Work"]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (no_machine_timeout, ["the machine has no TimeoutSeconds"]),
        (no_comment, ["the machine has no Comment"]),
        (no_query_language, ["the machine's QueryLanguage is not JSONata"]),
        (arn_written_out, ["an ARN is written out: arn:aws:lambda:eu-west-1:123456789012:function:work'},"]),
        (same_name_twice, ["two states are called Broken"]),
        (no_task_timeout, ["Work: a Task without TimeoutSeconds"]),
        (no_task_timeout_in_a_branch, ["Work: a Task without TimeoutSeconds"]),
        (no_retry, ["Work: Retry names no error"]),
        (retry_of_everything, ["Work: Retry repeats every error, the caller's mistakes included"]),
        (no_catch, ["Work: Catch names no error"]),
        (catch_of_everything_only, ["Work: Catch names no error"]),
        (catch_of_nothing, ["Work: Catch has an entry without errors"]),
        (error_path_ends_well, ["Work: its error path ends in Refused, not in Fail"]),
        (
            error_path_succeeds,
            ["Work: its error path ends in Broken, not in Fail", "Work: its error path ends in Broken, not in Fail"],
        ),
        (error_path_leads_nowhere, ["WhoseMistake: leads to Nowhere, which does not exist"]),
        (catch_leads_nowhere, ["Work: leads to Nowhere, which does not exist"]),
        (expression_misspelt, ["not JSONata: {% $states.result.( %}"]),
        (expression_half_open, ["not JSONata: got {% $states.result %}"]),
    ],
)
def test_a_broken_rule_is_named(break_it: Callable[[State], None], said: list[str]) -> None:
    machine = copy.deepcopy(SOUND)
    break_it(machine)
    assert violations(machine) == said
