"""Prices a basket: the function behind the sample workflow `quote`.

In:  {"items": [{"sku": "tea", "quantity": 2}], "currency": "EUR", "discount_percent": 10}
Out: {"currency": "EUR", "lines": [...], "subtotal_cents": 900, "discount_cents": 90, "total_cents": 810}
"""

import json
import logging
from typing import Any

PRICES_IN_CENTS = {
    "EUR": {"coffee": 720, "mug": 1250, "tea": 450},
    "USD": {"coffee": 790, "mug": 1390, "tea": 495},
}
MAX_ITEMS = 100
MAX_QUANTITY = 1000

logger = logging.getLogger(__name__)


class ClientError(Exception):
    """A basket that cannot be priced. Its text is the cause that the workflow fails with.

    Step Functions takes the class name as the error and str() as `errorMessage`; written as
    JSON, the cause can be read by machines, without the stack trace that stands beside it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        body = {
            "message": "Validation Error. Invalid Argument Value",
            "statusCode": 418,
            "name": "ClientError",
            "code": "",
            "status": 418,
        }
        super().__init__(json.dumps(body, separators=(",", ":")))


def handler(event: object, _context: object) -> dict[str, Any]:
    try:
        return quote(event)
    except ClientError as refused:
        logger.warning("basket refused: %.300s", refused.reason)
        raise


def quote(basket: object) -> dict[str, Any]:
    """The basket's price in whole cents; half a cent of discount is rounded in the buyer's favour."""
    if not isinstance(basket, dict):
        raise ClientError("a basket must be an object")
    items = basket.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        raise ClientError(f"items must be a list of 1 to {MAX_ITEMS} items")
    currency = basket.get("currency", "EUR")
    if not isinstance(currency, str) or currency not in PRICES_IN_CENTS:
        raise ClientError(f"currency must be one of {', '.join(PRICES_IN_CENTS)}, not {currency!r}")
    percent = _whole_number(basket.get("discount_percent", 0), "discount_percent", least=0, most=100)

    lines = [_line(item, PRICES_IN_CENTS[currency], f"items[{position}]") for position, item in enumerate(items)]
    subtotal = sum(line["total_cents"] for line in lines)
    discount = (subtotal * percent + 50) // 100
    return {
        "currency": currency,
        "lines": lines,
        "subtotal_cents": subtotal,
        "discount_cents": discount,
        "total_cents": subtotal - discount,
    }


def _line(item: object, prices: dict[str, int], where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ClientError(f"{where} must be an object with sku and quantity")
    sku = item.get("sku")
    if not isinstance(sku, str) or sku not in prices:
        raise ClientError(f"{where}.sku must be one of {', '.join(prices)}, not {sku!r}")
    quantity = _whole_number(item.get("quantity"), f"{where}.quantity", least=1, most=MAX_QUANTITY)
    return {"sku": sku, "quantity": quantity, "unit_cents": prices[sku], "total_cents": quantity * prices[sku]}


def _whole_number(value: object, name: str, *, least: int, most: int) -> int:
    # type(), not isinstance(): True is an int, and no quantity.
    if type(value) is not int or not least <= value <= most:
        raise ClientError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return value
