import json
from pathlib import Path
from typing import Any

import jsonata  # type: ignore[import-untyped]
import pytest

from functions.quote_basket.app import ClientError, handler

REFUSED = (
    '{"message":"Validation Error. Invalid Argument Value","statusCode":418,'
    '"name":"ClientError","code":"","status":418}'
)
QUOTE = json.loads((Path(__file__).parents[2] / "statemachines/quote.asl.json").read_text())


def basket(**changes: object) -> dict[str, object]:
    return {"items": [{"sku": "tea", "quantity": 2}], **changes}


def test_a_basket_costs_the_sum_of_its_lines_less_the_discount() -> None:
    two_lines = [{"sku": "tea", "quantity": 2}, {"sku": "mug", "quantity": 1}]
    assert handler(basket(items=two_lines, discount_percent=10), None) == {
        "currency": "EUR",
        "lines": [
            {"sku": "tea", "quantity": 2, "unit_cents": 450, "total_cents": 900},
            {"sku": "mug", "quantity": 1, "unit_cents": 1250, "total_cents": 1250},
        ],
        "subtotal_cents": 2150,
        "discount_cents": 215,
        "total_cents": 1935,
    }


def test_the_currency_chooses_the_price_list() -> None:
    assert handler(basket(currency="USD"), None)["total_cents"] == 990


@pytest.mark.parametrize(
    ("percent", "discount"),
    [(0, 0), (1, 5), (3, 14), (100, 450)],  # of 450 cents: 4.5 and 13.5 go up
)
def test_half_a_cent_of_discount_is_the_buyers(percent: int, discount: int) -> None:
    one_tea = [{"sku": "tea", "quantity": 1}]
    assert handler(basket(items=one_tea, discount_percent=percent), None)["discount_cents"] == discount


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (None, "a basket must be an object"),
        ([1], "a basket must be an object"),
        ({}, "items must be a list of 1 to 100 items"),
        (basket(items=[]), "items must be a list of 1 to 100 items"),
        (basket(items=[{"sku": "tea", "quantity": 1}] * 101), "items must be a list of 1 to 100 items"),
        (basket(items={"sku": "tea"}), "items must be a list of 1 to 100 items"),
        (basket(items=["tea"]), "items[0] must be an object with sku and quantity"),
        (basket(items=[{"quantity": 1}]), "items[0].sku must be one of coffee, mug, tea, not None"),
        (basket(items=[{"sku": ["tea"], "quantity": 1}]), "items[0].sku must be one of coffee, mug, tea, not ['tea']"),
        (basket(items=[{"sku": "tea"}]), "items[0].quantity must be a whole number from 1 to 1000, not None"),
        (
            basket(items=[{"sku": "tea", "quantity": 0}]),
            "items[0].quantity must be a whole number from 1 to 1000, not 0",
        ),
        (
            basket(items=[{"sku": "tea", "quantity": 1001}]),
            "items[0].quantity must be a whole number from 1 to 1000, not 1001",
        ),
        (
            basket(items=[{"sku": "tea", "quantity": True}]),
            "items[0].quantity must be a whole number from 1 to 1000, not True",
        ),
        (
            basket(items=[{"sku": "tea", "quantity": 1.0}]),
            "items[0].quantity must be a whole number from 1 to 1000, not 1.0",
        ),
        (basket(currency="XAU"), "currency must be one of EUR, USD, not 'XAU'"),
        (basket(currency=["EUR"]), "currency must be one of EUR, USD, not ['EUR']"),
        (basket(discount_percent=101), "discount_percent must be a whole number from 0 to 100, not 101"),
        (basket(discount_percent="10"), "discount_percent must be a whole number from 0 to 100, not '10'"),
    ],
)
def test_a_bad_basket_is_refused_and_its_reason_logged(
    event: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ClientError) as refused:
        handler(event, None)
    assert str(refused.value) == REFUSED
    assert caplog.messages == [f"basket refused: {reason}"]


def test_on_aws_the_run_fails_with_the_functions_error_and_its_json_without_the_stack_trace() -> None:
    # What Step Functions hands to Catch when a Python function raises.
    error_output = {
        "Error": "ClientError",
        "Cause": json.dumps(
            {
                "errorMessage": str(ClientError("any")),
                "errorType": ClientError.__name__,
                "requestId": "3f1c2b3e-8f4e-4c47-9b4f-2f6a3f0f1d11",
                "stackTrace": ['  File "/var/task/app.py", line 45, in handler\n'],
            }
        ),
    }
    catcher = next(c for c in QUOTE["States"]["PriceBasket"]["Catch"] if error_output["Error"] in c["ErrorEquals"])
    caught = {name: evaluate(text, errorOutput=error_output) for name, text in catcher["Output"].items()}
    fail = QUOTE["States"][catcher["Next"]]

    assert evaluate(fail["Error"], input=caught) == "ClientError"
    assert evaluate(fail["Cause"], input=caught) == REFUSED


def evaluate(template: str, **states: Any) -> Any:
    expression = jsonata.Jsonata(template.removeprefix("{%").removesuffix("%}"))
    expression.register_lambda("parse", json.loads)  # Step Functions' own addition to JSONata
    return expression.evaluate(None, {"states": states})
