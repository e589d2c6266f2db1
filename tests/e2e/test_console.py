"""The console in headless Chromium, on the deployed stack.

Every test fails at an error of the page and at whatever its Content-Security-Policy refuses.
"""

import re
import secrets
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.browser import PHONE, WIDE, Open, faults, settled
from tests.e2e.conftest import Local, ended

# -- the page --------------------------------------------------------------------------------------------------------


def test_the_page_is_served_under_its_policy_and_its_parts_for_a_year(local: Local) -> None:
    with local.http(None) as anybody:
        page = anybody.get("/console/")
        (script,) = re.findall(r'<script[^>]* src="([^"]+)"', page.text)
        part = anybody.get(str(httpx.URL(local.base_url).join(script)))
        again = anybody.get("/console/jobs/1", headers={"If-None-Match": page.headers["ETag"]})
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-cache")
    assert part.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert part.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert again.status_code == 304


def test_a_token_is_kept_for_its_tab_alone_and_forgotten_when_one_signs_out(open_console: Open, local: Local) -> None:
    page = open_console(token=None)
    page.get_by_label("Token").fill("fp_default_mistyped")
    expect(page.get_by_text("A token looks like")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_disabled()
    page.get_by_label("Token").fill(local.description["admin_token"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    kept = page.evaluate("JSON.stringify([localStorage, document.cookie, location.href])")
    assert "fp_" not in kept
    other = page.context.new_page()
    other.goto("./")
    expect(other.get_by_label("Token")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('flowport.token')") is None


def test_a_token_that_is_not_valid_is_refused_with_a_reason(open_console: Open) -> None:
    page = open_console(token=None)
    page.get_by_label("Token").fill("fp_default_ExampleTokenOfTheEventFiles12343H0tX")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid")


def test_a_token_without_admin_sees_jobs_and_the_api_alone(open_console: Open) -> None:
    page = open_console(token="run_token")
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Jobs", "API"])


# -- from nothing to a revoked credential ----------------------------------------------------------------------------


def _sees_the_jobs_of(page: Page, name: str) -> None:
    """Watch what was called: two tries of the console, two calls of the partner, none that was refused."""
    page.goto(f"./?range=1h&endpoint=e2e%2F{name}")
    expect(page.locator(".tile").first).to_contain_text(re.compile(r"Calls\s*4"))
    page.goto(f"endpoints/e2e/{name}")
    page.get_by_role("tab", name="Jobs").click()
    expect(page.get_by_role("row").filter(has_text="Succeeded")).to_have_count(4)


def _publishes(page: Page, name: str, machine: str) -> None:
    page.get_by_label("Module").fill("e2e")
    page.get_by_label("Name", exact=True).fill(" x")
    expect(page.get_by_text("must not begin or end with a space")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(name)
    expect(page.get_by_text(f"/v1/run/e2e/{name}")).to_be_visible()
    page.get_by_label("Sample request").fill('{"name": ')
    expect(page.get_by_text("is not JSON")).to_be_visible()
    page.get_by_label("Sample request").fill('{"name": "console"}')
    page.get_by_label("Express", exact=True).select_option(label=machine)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", name=f"e2e/{name}")).to_be_visible()


def _tries(page: Page) -> None:
    page.get_by_role("tab", name="Try it").click()
    expect(page.get_by_label("Input", exact=True)).to_have_value(re.compile('"name": "console"'))
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".code-badge")).to_have_text("200")
    expect(page.locator(".answer-line .took")).to_have_text(re.compile(r"\d m?s"))
    for contract in ("iolinker", "PhixFlow", "WorkfloPlus", "TheEye", "NebulaGraph"):
        page.get_by_role("radio", name=contract).check()
        expect(page.get_by_role("region", name=f"curl, {contract}")).to_contain_text("curl -sS -X POST")
    page.get_by_role("radio", name="a job at once").check()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".code-badge")).to_have_text("202")
    expect(page.locator(".follow")).to_contain_text("Succeeded")


def _makes_a_token_for(page: Page, name: str) -> str:
    """Make one that may call this endpoint alone, twice a day; give it as it is shown."""
    page.goto("credentials")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name="these alone").check()
    page.get_by_role("checkbox", name=f"e2e/{name}").check()
    page.locator("summary", has_text="Limits").click()
    page.get_by_label("Calls at most").fill("2")
    page.get_by_label("in seconds").fill("86400")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It is shown this once")).to_be_visible()
    token = page.locator(".secret code").inner_text()
    page.get_by_role("button", name="I have it").click()
    assert token not in page.content()
    return token


def test_a_newcomer_publishes_limits_watches_and_revokes_in_the_console_alone(open_console: Open, local: Local) -> None:
    name = f"console-{secrets.token_hex(4)}"
    page = open_console("endpoints/new")
    _publishes(page, name, local.machines["HelloExpressArn"].rpartition(":")[2])
    _tries(page)
    token = _makes_a_token_for(page, name)
    with local.http(token) as partner:
        assert partner.post(f"/v1/run/e2e/{name}", json={}).status_code == 200
        assert partner.post("/v1/run/samples/hello", json={}).status_code == 403
        assert partner.post(f"/v1/run/e2e/{name}", json={}).status_code == 200
        assert partner.post(f"/v1/run/e2e/{name}", json={}).status_code == 429
        _sees_the_jobs_of(page, name)
        page.goto("credentials")
        page.get_by_role("button", name=f"Revoke {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("button", name=f"Revoke {name}")).to_have_count(0)
        assert partner.post(f"/v1/run/e2e/{name}", json={}).status_code == 401

    page.goto(f"endpoints?q={name}")
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    with local.http(local.description["run_token"]) as caller:
        assert caller.post(f"/v1/run/e2e/{name}", json={}).status_code == 403
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the endpoint").click()
    expect(page.get_by_role("heading", name="Endpoints")).to_be_visible()


def test_an_edited_endpoint_keeps_what_the_form_has_no_field_for(
    open_console: Open, endpoint: Callable[..., str], local: Local, admin: httpx.Client
) -> None:
    path = endpoint(express_arn=local.machines["HelloExpressArn"], http_headers=["X-Kept"])
    page = open_console(f"endpoints/{path}/edit")
    page.get_by_label("Title").fill("Greets")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Greets")).to_be_visible()
    read = admin.get(f"/v1/admin/endpoints/{path}").json()
    assert (read["title"], read["http_headers"]) == ("Greets", ["X-Kept"])


def test_what_only_the_api_can_tell_is_said_at_the_field(open_console: Open) -> None:
    page = open_console("endpoints/new")
    page.get_by_label("Module").fill("e2e")
    page.get_by_label("Name", exact=True).fill("nothing-to-run")
    page.get_by_label("Express", exact=True).select_option("?")
    missing = "arn:aws:states:us-east-1:000000000000:stateMachine:none"
    page.get_by_label("ARN of the Express machine").fill(missing)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_contain_text("no state machine")
    expect(page.get_by_label("Express", exact=True)).to_have_attribute("aria-invalid", "true")


# -- jobs ------------------------------------------------------------------------------------------------------------


def test_a_failed_jobs_graph_shows_the_path_and_marks_the_state_that_failed(
    open_console: Open, caller: httpx.Client
) -> None:
    sent = caller.post("/v1/run/samples/quote", json={"items": []}, headers={"Prefer": "respond-async"}).json()
    ended(caller, sent["id"])
    page = open_console(f"jobs/{sent['id']}")
    expect(page.get_by_role("region", name="Failure")).to_contain_text("ClientError")
    failed = page.locator("[data-state=BasketRefused]")
    expect(failed).to_have_class(re.compile(r"\bbad\b"))
    expect(failed).to_have_attribute("aria-label", re.compile("^BasketRefused .*, Fail, Failed"))
    expect(page.locator("[data-state=PriceBasket]")).to_have_class(re.compile(r"\bwarned\b"))
    taken = page.locator(".edge.taken").evaluate_all("edges => edges.map(edge => edge.dataset.way).sort()")
    assert taken == [" -> PriceBasket", "BasketRefused -> ", "PriceBasket -> BasketRefused"]
    expect(page.locator(".timeline li")).to_have_count(2)
    expect(page.get_by_role("region", name="Input")).to_contain_text('"items": []')

    page.locator("[data-state=PriceBasket]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".inspect")).to_contain_text("PriceBasket")

    page.get_by_role("button", name="Redrive").click()
    page.get_by_role("dialog").get_by_role("button", name="Redrive").click()
    page.wait_for_url(re.compile(rf"/jobs/(?!{sent['id']})"))
    expect(page.get_by_role("link", name=sent["id"][:8])).to_be_visible()


def test_the_live_list_shows_a_job_that_came_later_and_a_running_one_can_be_cancelled(
    open_console: Open, caller: httpx.Client, label: str
) -> None:
    page = open_console(f"jobs?label=test%3D{label}")
    expect(page.get_by_role("heading", name="No job fits these filters")).to_be_visible()
    headers = {"Prefer": "respond-async", "Flowport-Labels": f"test={label}"}
    sent = caller.post("/v1/run/samples/report-standard", json={"seconds": 120}, headers=headers).json()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=f"Job {sent['id']}").click()
    expect(page.locator(".state.running")).to_have_count(1)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".job-line .badge")).to_have_text("Aborted")


def test_a_jobs_callbacks_are_listed_with_their_attempts_and_sent_again(
    open_console: Open, caller: httpx.Client, admin: httpx.Client, endpoint: Callable[..., str], local: Local
) -> None:
    if not admin.get("/v1/admin/webhook-secrets").json()["items"]:
        admin.post("/v1/admin/webhook-secrets")
    path = endpoint(express_arn=local.machines["HelloExpressArn"], callback_url="http://127.0.0.1:4999/nobody")
    job = caller.post(f"/v1/run/{path}", json={}).json()
    page = open_console(f"jobs/{job['id']}")
    deliveries = page.locator(".deliveries")
    expect(deliveries).to_contain_text("127.0.0.1:4999")
    deliveries.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name=path)).to_be_visible()


def test_the_overview_draws_what_was_called(open_console: Open, caller: httpx.Client) -> None:
    caller.post("/v1/run/samples/hello", json={})
    page = open_console("?range=1h")
    expect(page.locator(".tile").first).to_contain_text(re.compile(r"Calls\s*\d"))
    expect(page.locator(".bar").first).to_be_attached()
    expect(page.get_by_role("row", name=re.compile("samples.hello")).first).to_be_visible()
    page.locator(".picker select").select_option("samples/hello")
    expect(page).to_have_url(re.compile("endpoint=samples"))


def test_what_was_administered_is_in_the_trail_with_what_it_changed(
    open_console: Open, admin: httpx.Client, endpoint: Callable[..., str], local: Local
) -> None:
    path = endpoint(express_arn=local.machines["HelloExpressArn"])
    admin.patch(f"/v1/admin/endpoints/{path}", json={"title": "Renamed in the trail"}).raise_for_status()
    page = open_console(f"audit?what=endpoint%3A{path.replace('/', '%2F')}")
    act = page.locator(".acts li").first
    act.locator("summary").click()
    expect(act.get_by_role("region", name="After")).to_contain_text("Renamed in the trail")


def test_the_api_is_described_with_the_endpoints_that_the_token_may_call(open_console: Open) -> None:
    page = open_console("api?q=samples/quote")
    operation = page.locator(".operations li").first
    expect(operation).to_contain_text("/v1/run/samples/quote")
    operation.locator("summary").click()
    expect(operation.get_by_role("heading", name="Answers")).to_be_visible()


# -- for everybody ---------------------------------------------------------------------------------------------------

VIEWS = (
    "./",
    "endpoints",
    "endpoints/new",
    "endpoints/samples/quote",
    "endpoints/samples/quote/try",
    "endpoints/samples/import-records/workflow",
    "jobs",
    "credentials",
    "credentials/users",
    "audit",
    "api",
)


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", WIDE)])
def test_no_view_has_a_serious_fault_of_accessibility_or_is_wider_than_the_screen(
    open_console: Open, caller: httpx.Client, scheme: str, size: ViewportSize
) -> None:
    job = caller.post("/v1/run/samples/quote", json={"items": []}, headers={"Prefer": "respond-async"}).json()
    ended(caller, job["id"])
    page = open_console("endpoints", scheme=scheme, size=size)
    found = []
    for view in (*VIEWS, f"jobs/{job['id']}"):
        page.goto(view)
        settled(page)
        if view.startswith("jobs/"):
            page.wait_for_selector(".state.bad")
        found += faults(page, view)
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            found.append(f"{view}: is wider than the screen")
    page.goto("credentials")
    page.get_by_role("button", name="New token").click()
    found += faults(page, "dialog")
    assert found == []


def test_the_sign_in_has_no_serious_fault_of_accessibility(open_console: Open) -> None:
    page = open_console(token=None)
    expect(page.get_by_label("Token")).to_be_visible()
    assert faults(page, "sign-in") == []


def test_everything_is_reached_by_the_keyboard(open_console: Open) -> None:
    page = open_console("endpoints/samples/quote")
    settled(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("tab", name="Details").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Try it")).to_be_focused()
    expect(page.get_by_role("heading", name="Request")).to_be_visible()
    page.get_by_label("Input", exact=True).press("Control+Enter")
    expect(page.locator(".code-badge")).to_have_text("200")
