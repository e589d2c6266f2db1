"""What is administered in the console beside tokens: settings with fields, keys, secrets, passwords, workspaces."""

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import PHONE, Open, faults, settled
from tests.e2e.conftest import Jobs, Local

PASSWORD = "correct horse battery"  # of a user of the test


@pytest.fixture
def workspace(operator: httpx.Client, local: Local) -> Iterator[str]:
    """The name of a workspace that is made in the test, and deleted after it."""
    name = f"console-{secrets.token_hex(4)}"
    yield name
    operator.post(f"/v1/admin/workspaces/{name}/disable")
    operator.delete(f"/v1/admin/workspaces/{name}")


# -- an endpoint's settings ------------------------------------------------------------------------------------------


def _fold(page: Page, title: str) -> None:
    page.locator("summary", has_text=title).click()


def _types_settings(page: Page) -> None:
    _fold(page, "Where calls may come from")
    page.get_by_label("Pages of other origins").fill("https://Shop.example.com")
    expect(page.get_by_text("https://Shop.example.com is not an origin")).to_be_visible()
    page.get_by_label("Pages of other origins").fill("https://shop.example.com\nhttp://localhost:3000")
    _fold(page, "Limits")
    page.get_by_label("Calls at most").fill("100")
    page.get_by_label("Jobs at one time").fill("5")
    _fold(page, "Keeping")
    page.get_by_label("Days that jobs are kept").fill("30")
    page.get_by_label("Days that inputs and outputs are kept").fill("7")
    _fold(page, "Parameters")
    page.get_by_role("button", name="Add a parameter").click()
    page.locator(".parameter").get_by_label("Name").fill("limit")
    page.locator(".parameter").get_by_label("Type").select_option("integer")
    page.locator(".parameter").get_by_label("Default (JSON)").fill("ten")
    expect(page.get_by_text("The default is not JSON")).to_be_visible()
    page.locator(".parameter").get_by_label("Default (JSON)").fill("10")
    _fold(page, "Other API families")
    page.get_by_label("It has settings of its own").check()
    page.get_by_label("Name of the output").fill("result")
    expect(page.get_by_text("AWS cannot abort an Express run at the time-out")).to_be_visible()
    page.get_by_label("a run that cannot be aborted may go on").check()
    page.get_by_label("The task declares its arguments").check()
    page.get_by_role("button", name="Add an argument").click()
    page.get_by_label("Argument 1", exact=True).fill("host")


def test_every_setting_has_a_field_and_what_is_typed_is_what_the_api_has(
    open_console: Open, admin: httpx.Client, endpoint: Callable[..., str], local: Local
) -> None:
    path = endpoint(express_arn=local.machines["HelloExpressArn"], sample={"name": "Ada"})
    page = open_console(f"endpoints/{path}/edit")
    _types_settings(page)
    assert faults(page, "the form, unfolded") == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=path)).to_be_visible()
    expect(page.get_by_text("100 in 60 s")).to_be_visible()
    read = admin.get(f"/v1/admin/endpoints/{path}").json()
    assert read["cors"] == ["https://shop.example.com", "http://localhost:3000"]
    assert read["limits"] == {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5}
    assert (read["keep_jobs_days"], read["keep_payloads_days"]) == (30, 7)
    assert read["parameters"] == [{"name": "limit", "type": "integer", "default": 10}]
    assert read["dialects"]["phixflow"]["output_name"] == "result"
    assert read["dialects"]["phixflow"]["abandon_at_timeout"] is True
    assert read["dialects"]["theeye"] == {"arguments": [{"name": "host", "optional": False}]}


def test_what_the_api_thinks_of_a_schema_is_said_at_its_field_before_it_is_sent(
    open_console: Open, admin: httpx.Client, endpoint: Callable[..., str], local: Local
) -> None:
    path = endpoint(express_arn=local.machines["HelloExpressArn"])
    page = open_console(f"endpoints/{path}/edit")
    _fold(page, "Schemas and mapping")
    schema = page.get_by_label("Input schema")
    schema.fill('{"properties": {"name": {"type": "strin"}}}')
    expect(schema).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".fold", has=schema)).to_contain_text("/properties/name/type: ")
    schema.fill('{"properties": {"name": {"type": "string"}}}')
    expect(page.get_by_text("The API would take it")).to_be_visible()
    assert admin.get(f"/v1/admin/endpoints/{path}").json()["input_schema"] is None
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("link", name="Cancel").click()
    expect(schema).to_be_visible()


def test_a_workflow_that_may_not_be_what_runs_says_so(
    open_console: Open, endpoint: Callable[..., str], local: Local
) -> None:
    path = endpoint(express_arn=local.machines["HelloExpressArn"])

    def inexact(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"exact": False})

    page = open_console(f"endpoints/{path}")
    page.route("**/workflow?machine=*", inexact)
    page.get_by_role("tab", name="Workflow").click()
    expect(page.get_by_role("note")).to_contain_text("This may not be what runs")


# -- credentials -----------------------------------------------------------------------------------------------------


def test_a_credential_is_changed_in_its_place_and_its_secret_stays(
    open_console: Open, new_token: Callable[..., dict[str, Any]], admin: httpx.Client, local: Local
) -> None:
    name = f"partner-{secrets.token_hex(4)}"
    made = new_token(name=name, limits={"rate": {"requests": 1, "seconds": 86_400}}, endpoints=["samples/quote"])
    page = open_console(f"credentials?q={name}")
    page.get_by_role("button", name=f"Change {name}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Calls at most")).to_have_value("1")
    expect(dialog.get_by_role("button", name="Change it")).to_be_disabled()
    dialog.get_by_label("Calls at most").fill("many")
    expect(dialog.get_by_text("must be a whole number")).to_be_visible()
    dialog.get_by_label("Calls at most").fill("5")
    dialog.get_by_label("Filter endpoints").fill("samples/hello")
    dialog.get_by_role("checkbox", name="samples/hello", exact=True).check()
    dialog.get_by_role("radio", name="in days from now").check()
    dialog.get_by_label("Days until it ends").fill("90")
    assert faults(page, "the change of a credential") == []
    dialog.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status").filter(has_text="holds from the very next request")).to_be_visible()
    expect(page.locator(".rows.credentials li")).to_contain_text("5 / 86400 s")
    read = admin.get(f"/v1/admin/tokens/{made['id']}").json()
    assert (read["endpoints"], read["scopes"]) == (["samples/quote", "samples/hello"], ["run"])
    assert read["limits"] == {"rate": {"requests": 5, "seconds": 86_400}}
    assert read["expires_at"] > read["created_at"]
    with local.http(made["token"]) as partner:
        assert partner.post("/v1/run/samples/hello", json={}).status_code == 200
    admin.post(f"/v1/admin/tokens/{made['id']}/revoke")


# -- users -----------------------------------------------------------------------------------------------------------


def test_a_users_password_is_set_and_a_locked_user_is_let_in_again(
    open_console: Open, admin: httpx.Client, local: Local
) -> None:
    name = f"ann-{secrets.token_hex(4)}"
    page = open_console("credentials/users")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Password", exact=True).fill("short")
    expect(dialog.get_by_text("Its user has had it for long")).to_be_visible()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="I have it").click()

    with local.http(None) as anybody:

        def came(password: str) -> int:
            return anybody.get("/v1/jobs?limit=1", auth=(f"default/{name}", password)).status_code

        assert [came("wrong") for _ in range(6)][-1] == 429
        page.get_by_role("button", name=f"Unlock {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Unlock").click()
        expect(page.get_by_role("status").filter(has_text=f"{name} is not locked any more")).to_be_visible()
        assert came(PASSWORD) == 200

        page.get_by_role("button", name=f"Password of {name}").click()
        page.get_by_role("button", name="Make one").click()
        page.get_by_role("button", name="Set it").click()
        expect(page.get_by_role("button", name="Copy")).to_be_visible()
        made = page.locator(".secret code").inner_text()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="I have it").click()
        assert (came(PASSWORD), came(made)) == (401, 200)
    admin.post(f"/v1/admin/users/{name}/revoke")


# -- workspaces, keys, secrets ---------------------------------------------------------------------------------------


def _exchanges_a_webhook_secret(page: Page) -> None:
    page.get_by_role("link", name="Credentials").click()
    page.get_by_role("tab", name="Webhook secrets").click()
    page.get_by_role("button", name="Make the first one").click()
    first = page.locator(".secret code").inner_text()
    assert first.startswith("whsec_")
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("button", name="New secret").click()
    expect(page.locator(".secret code")).not_to_have_text(first)
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("button", name="New secret")).to_be_disabled()
    assert faults(page, "webhook secrets") == []
    page.get_by_role("button", name="Retire", exact=False).click()
    page.get_by_role("dialog").get_by_role("button", name="Retire it").click()
    expect(page.locator(".rows.secrets li")).to_have_count(1)
    assert first not in page.content()


def _exchanges_a_signing_key(page: Page) -> None:
    page.get_by_role("tab", name="Signing keys").click()
    row = page.locator(".rows.signing li").filter(has_text="Access tokens")
    expect(row).to_contain_text("none yet")
    row.get_by_role("button", name="New key").click()
    expect(row).not_to_contain_text("none yet")
    row.get_by_role("button", name="New key").click()
    page.get_by_role("dialog").get_by_role("button", name="Make a new key").click()
    row.get_by_role("button", name="Retire previous key").click()
    page.get_by_role("dialog").get_by_role("button", name="Retire it").click()
    expect(page.get_by_text("is retired")).to_be_visible()
    row.get_by_role("button", name="Bring one").click()
    page.get_by_label("Key", exact=True).fill("too short")
    expect(page.get_by_text("at least 32 are needed")).to_be_visible()
    page.get_by_label("Key", exact=True).fill("k" * 32)
    page.get_by_role("button", name="Keep it").click()
    expect(row.get_by_role("button", name="Retire previous key")).to_be_visible()
    assert faults(page, "signing keys") == []


def test_a_workspace_is_made_entered_given_keys_and_switched_off(
    open_console: Open, workspace: str, jobs: Jobs, local: Local
) -> None:
    page = open_console(token="operator_token", size=PHONE, scheme="dark")
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(
        ["Workspaces", "Credentials", "Audit", "API"]
    )
    page.get_by_role("button", name="New workspace").click()
    page.get_by_label("Name", exact=True).fill("Not A Name")
    expect(page.get_by_text("has small letters")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(workspace)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text(f"flowport bootstrap --workspace {workspace}")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    assert faults(page, "workspaces") == []

    token = jobs.invoke("AdminFunctionName", {"flowport": "bootstrap", "workspace": workspace})["token"]
    page.get_by_title("Go to another workspace").click()
    page.get_by_label("Token of another workspace").fill(token)
    page.get_by_role("button", name="Sign in to it").click()
    expect(page.get_by_role("heading", name="Welcome to Flowport")).to_be_visible()
    _exchanges_a_webhook_secret(page)
    _exchanges_a_signing_key(page)

    page.get_by_title("Go to another workspace").click()
    assert faults(page, "the choice of a workspace") == []
    page.get_by_role("button", name="Go there: Operators").click()
    page.get_by_role("switch", name=f"{workspace} lets its callers in").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable it").click()
    expect(page.get_by_role("button", name=f"Delete {workspace}")).to_be_visible()
    page.get_by_title("Go to another workspace").click()
    page.get_by_role("button", name=f"Go there: {workspace}").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Operators").click()
    page.get_by_role("button", name=f"Delete {workspace}").click()
    delete = page.get_by_role("dialog").get_by_role("button", name="Delete the workspace")
    expect(delete).to_be_disabled()
    page.get_by_label(f"Type {workspace} to go on").fill(workspace)
    delete.click()
    expect(page.get_by_role("switch", name=f"{workspace} lets its callers in")).to_have_count(0)


# -- what goes wrong, and what must not get in the way ---------------------------------------------------------------


def test_a_token_that_is_revoked_meanwhile_is_signed_out_with_a_reason(
    open_console: Open, new_token: Callable[..., dict[str, Any]], admin: httpx.Client
) -> None:
    made = new_token(name="console-revoked", scopes=["admin"])
    page = open_console("endpoints", token=made["token"])
    settled(page)
    expect(page.get_by_role("navigation").get_by_role("link", name="Jobs")).to_have_count(0)
    admin.post(f"/v1/admin/tokens/{made['id']}/revoke")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("alert")).to_contain_text("no longer taken")
    assert page.evaluate("JSON.stringify(sessionStorage)").count("fp_") == 0


def test_a_view_that_the_token_does_not_open_says_so_and_one_that_is_gone_leads_back(open_console: Open) -> None:
    page = open_console("credentials", token="run_token")
    expect(page.get_by_role("heading", name="Not for this token")).to_be_visible()
    page.get_by_role("link", name="back to the start").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_focused()
    page.goto("jobs/0199b6f2-0000-7000-8000-000000000000")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Jobs").click()
    expect(page).to_have_title("Jobs · Flowport")
    page.go_back()
    expect(page.get_by_role("heading", name="Not found")).to_be_focused()


def test_what_is_read_stays_where_it_is_while_newer_jobs_come(
    open_console: Open, caller: httpx.Client, label: str
) -> None:
    def ran() -> str:
        answer = caller.post("/v1/run/samples/hello", json={}, headers={"Flowport-Labels": f"test={label}"})
        return str(answer.json()["id"])

    first = ran()
    page = open_console(f"jobs?label=test%3D{label}")
    page.locator("tbody tr").hover()
    second = ran()
    page.get_by_role("button", name="Show 1 newer job").wait_for()
    listed = page.locator("tbody tr").get_by_role("link")
    expect(listed).to_have_attribute("aria-label", f"Job {first}")
    page.get_by_role("button", name="Show 1 newer job").click()
    expect(listed.first).to_have_attribute("aria-label", f"Job {second}")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("No answer")
    expect(listed).to_have_count(2)
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_answer_of_a_megabyte_is_shown_in_part_until_all_of_it_is_asked_for(
    open_console: Open, caller: httpx.Client
) -> None:
    job = caller.post("/v1/run/samples/hello", json={}).json()
    rows = [{"row": number, "text": "x" * 60} for number in range(10_000)]

    page = open_console("jobs")
    page.route(re.compile(rf"/v1/jobs/{job['id']}$"), lambda route: route.fulfill(json=job | {"output": rows}))
    page.goto(f"jobs/{job['id']}")
    output = page.get_by_role("region", name="Output")
    expect(output).to_contain_text('"row": 0')
    assert len(output.inner_text()) < 70_000
    page.get_by_role("button", name="Show everything").click()
    expect(page.get_by_role("button", name="Show everything")).to_have_count(0)
    assert '"row": 9999' in str(output.text_content())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "output.json"
