"""What of a definition is shown, and what never is."""

import json
from pathlib import Path
from typing import Any

import pytest

from flowport.domain.workflow import Way, Workflow, WorkflowState, workflow_of

STATEMACHINES = Path(__file__).resolve().parents[3] / "statemachines"


def of(states: dict[str, Any], start: str = "A") -> Workflow:
    return workflow_of(json.dumps({"StartAt": start, "States": states}))


def test_a_line_of_states_is_a_line_of_ways() -> None:
    assert of({"A": {"Type": "Task", "Next": "B"}, "B": {"Type": "Pass", "End": True}}) == Workflow(
        "A",
        (
            WorkflowState("A", "Task", "A", (Way("B"),)),
            WorkflowState("B", "Pass", "B", ends=True),
        ),
    )


@pytest.mark.parametrize("kind", ["Succeed", "Fail"])
def test_states_that_end_by_their_type_are_ends(kind: str) -> None:
    (state,) = of({"A": {"Type": kind}}).states
    assert state.ends


def test_a_choice_says_which_rule_leads_where_and_not_what_it_compares() -> None:
    (state,) = of(
        {
            "A": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.secret", "StringEquals": "hunter2", "Next": "B"},
                    {"Condition": "{% $x = 'hunter2' %}", "Comment": "The customer is new", "Next": "C"},
                ],
                "Default": "D",
            }
        }
    ).states
    assert state.next == (Way("B", "rule 1"), Way("C", "The customer is new"), Way("D", "otherwise"))


def test_a_catch_says_which_errors_lead_where() -> None:
    catch = [{"ErrorEquals": ["States.Timeout", "Oops"], "Next": "B"}]
    (state,) = of({"A": {"Type": "Task", "Catch": catch, "End": True}}).states
    assert state.next == (Way("B", "on States.Timeout, Oops"),)
    assert state.ends


@pytest.mark.parametrize("field", ["ItemProcessor", "Iterator"])
def test_what_a_map_does_with_each_item_lies_inside_it(field: str) -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "End": True}}}
    outer, first, second = of({"A": {"Type": "Map", field: inner, "End": True}}).states
    assert (outer.path, outer.starts, outer.parent) == ("A", ("A/B",), None)
    assert (first.path, first.next, first.parent) == ("A/B", (Way("A/C"),), "A")
    assert (second.path, second.ends, second.parent) == ("A/C", True, "A")


def test_branches_of_a_parallel_state_are_kept_apart_though_their_states_share_a_name() -> None:
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    outer, one, two = of({"A": {"Type": "Parallel", "Branches": [branch, branch], "End": True}}).states
    assert outer.starts == ("A/0/B", "A/1/B")
    assert (one.path, two.path) == ("A/0/B", "A/1/B")
    assert one.parent == two.parent == "A"


def test_a_long_comment_is_shortened() -> None:
    (state,) = of({"A": {"Type": "Choice", "Choices": [{"Comment": "x" * 500, "Next": "B"}]}}).states
    assert len(str(state.next[0].label)) == 120


def test_nothing_that_a_state_is_given_or_calls_is_shown() -> None:
    secret = "arn:aws:lambda:us-east-1:123456789012:function:secret"
    state = {"Type": "Task", "Resource": secret, "Arguments": {"k": secret}, "Parameters": {"k": secret}, "End": True}
    assert "secret" not in repr(of({"A": state, "B": {"Type": "Fail", "Cause": secret, "Error": secret}}))


@pytest.mark.parametrize("file", sorted(STATEMACHINES.glob("*.json")), ids=lambda file: file.stem)
def test_every_way_of_the_samples_leads_to_a_state_of_the_same_level(file: Path) -> None:
    workflow = workflow_of(file.read_text())
    by_path = {state.path: state for state in workflow.states}
    assert len(by_path) == len(workflow.states)
    assert workflow.start_at in by_path
    for state in workflow.states:
        assert all(by_path[way.to].parent == state.parent for way in state.next)
        assert all(by_path[start].parent == state.path for start in state.starts)
        assert state.next or state.ends
