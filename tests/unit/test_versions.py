"""Functions behind an alias: what changes a function publishes a version, and whoever calls one calls the alias."""

import copy
import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

ROOT: Final = Path(__file__).resolve().parents[2]
Template = dict[str, Any]
PACKAGED: Final = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


class NoPolicies:
    """SAM asks AWS for managed policies, of which the template names none by name."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="module")
def packaged() -> Template:
    """template.yaml as `sam deploy` sends it: with what was built in a bucket."""
    template: Template = yaml_parse((ROOT / "template.yaml").read_text())
    del template["Resources"]["Fn::Transform"]  # the alarms: CloudFormation includes them before SAM sees the template
    for name, resource in template["Resources"].items():
        if resource["Type"] in PACKAGED:
            resource["Properties"][PACKAGED[resource["Type"]]] = f"s3://artifacts/{name}"
    template["Resources"]["Dashboard"]["Properties"] = {"DashboardBody": "{}"}
    return template


@pytest.fixture(scope="module")
def transformed(packaged: Template) -> Iterator[Callable[..., Template]]:
    """Transform the template as CloudFormation does, changed before that; what comes out is not to be changed."""

    @functools.cache
    def run(change: Callable[[Template], None] | None = None, **parameters: str) -> Template:
        template = copy.deepcopy(packaged)
        if change is not None:
            change(template)
        done: Template = transform(template, parameters, NoPolicies())
        return done

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield run


def of(template: Template, kind: str) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def versions(template: Template) -> set[str]:
    return set(of(template, "AWS::Lambda::Version"))


def parameters(node: Any) -> Iterator[str]:
    """Give what a value of the template refers to."""
    if isinstance(node, dict):
        if "Ref" in node:
            yield node["Ref"]
        for name, value in node.items():
            if name == "Fn::Sub" and isinstance(value, str):
                yield from re.findall(r"\$\{([^}!]+)\}", value)
            else:
                yield from parameters(value)
    elif isinstance(node, list):
        for value in node:
            yield from parameters(value)


def new_layer(template: Template) -> None:
    template["Resources"]["CoreLayer"]["Properties"]["ContentUri"] = "s3://artifacts/newer"


def new_packages(template: Template) -> None:
    template["Resources"]["VendorLayer"]["Properties"]["ContentUri"] = "s3://artifacts/newer"


def new_variable(template: Template) -> None:
    template["Globals"]["Function"]["Environment"]["Variables"]["NEW"] = "1"


def new_runtime(template: Template) -> None:
    template["Globals"]["Function"]["Runtime"] = "python3.14"


@pytest.mark.parametrize("change", [new_layer, new_packages, new_variable, new_runtime])
def test_what_all_functions_share_changes_alone_and_publishes_a_version_of_each(
    transformed: Callable[..., Template], change: Callable[[Template], None]
) -> None:
    before, after = transformed(), transformed(change)
    assert len(versions(before)) == len(of(before, "AWS::Lambda::Function")) == len(versions(after))
    assert not versions(before) & versions(after)


def test_a_functions_own_code_publishes_a_version_of_it_and_of_no_other(transformed: Callable[..., Template]) -> None:
    def new_code(template: Template) -> None:
        template["Resources"]["GatewayFunction"]["Properties"]["CodeUri"] = "s3://artifacts/newer"

    before, after = versions(transformed()), versions(transformed(new_code))
    assert {name.partition("Version")[0] for name in after - before} == {"GatewayFunction"}


def test_a_parameter_alone_publishes_a_version_by_the_settings_number(transformed: Callable[..., Template]) -> None:
    # SAM compares the template's text, which says !Ref LogLevel before and after.
    assert versions(transformed()) == versions(transformed(LogLevel="DEBUG"))
    for name, version in of(transformed(), "AWS::Lambda::Version").items():
        assert version["Description"] == {"Fn::Sub": "Settings ${Settings}"}, name


def test_the_settings_hold_all_that_the_functions_are_given_by_reference(packaged: Template) -> None:
    given = packaged["Globals"]["Function"]
    own = [
        resource["Properties"].get("Environment", {})
        for resource in packaged["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    wanted = {*parameters(given["Environment"]), *parameters(given["Architectures"]), *parameters(own)}
    held = set(parameters(packaged["Resources"]["Settings"]["Properties"]["Content"]))
    assert {name for name in wanted if not name.startswith("AWS::")} == held


def test_versions_stay_when_the_alias_leaves_them(transformed: Callable[..., Template]) -> None:
    for name, resource in transformed()["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Version":
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain"), name


def test_whoever_invokes_a_function_invokes_its_alias(transformed: Callable[..., Template]) -> None:
    template = transformed()
    aliases = {f"{name}Aliaslive" for name in of(template, "AWS::Lambda::Function")}
    assert set(of(template, "AWS::Lambda::Alias")) == aliases
    for name, permission in of(template, "AWS::Lambda::Permission").items():
        assert permission["FunctionName"]["Ref"] in aliases, name
    for name, rule in of(template, "AWS::Events::Rule").items():
        assert [target["Arn"]["Ref"] in aliases for target in rule["Targets"]] == [True], name
    for name, config in of(template, "AWS::Lambda::EventInvokeConfig").items():
        assert config["Qualifier"] == "live", name
    uris = re.findall(
        r"/functions/\$\{(\w+)\.Arn\}:live/invocations", json.dumps(of(template, "AWS::ApiGateway::RestApi"))
    )
    assert set(uris) == {"GatewayFunction", "AdminFunction", "ConsoleFunction"}
    machine = of(template, "AWS::StepFunctions::StateMachine")["DeliverMachine"]
    assert machine["DefinitionSubstitutions"]["DeliverCallbackFunctionArn"] == {
        "Ref": "DeliverCallbackFunctionAliaslive"
    }
    variables = of(template, "AWS::Lambda::Function")["GatewayFunction"]["Environment"]["Variables"]
    assert variables["RUN_EXPRESS_FUNCTION"]["Fn::Sub"] == "${AWS::StackName}-run-express:live"
    assert variables["RESUME_RUN_FUNCTION"]["Fn::Sub"] == "${AWS::StackName}-resume-run:live"


def test_what_began_before_there_was_an_alias_may_still_invoke_without_it(transformed: Callable[..., Template]) -> None:
    found = 0
    for name, role in of(transformed(), "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement.get("Action") == "lambda:InvokeFunction":
                    found += 1
                    plain = {one["Fn::GetAtt"][0] for one in statement["Resource"] if "Fn::GetAtt" in one}
                    through = {one["Ref"].removesuffix("Aliaslive") for one in statement["Resource"] if "Ref" in one}
                    assert plain == through, name
    assert found == 4


def test_the_stage_moves_only_when_the_api_may_invoke_the_alias(transformed: Callable[..., Template]) -> None:
    template = transformed()
    awaited = set(parameters(template["Resources"]["ApiStage"]["Properties"]["Variables"]))
    assert awaited == {"ApiCallsGateway", "ApiCallsAdmin", "ApiCallsConsole"}
