"""Stripe's API, as its documentation has it: lists newest first, on from the last id while there is more; filters by
creation alone; what changed and what was deleted as events, of the last thirty days; money in its smallest unit.

Source  https://docs.stripe.com/api: pagination, customers, charges, refunds, subscriptions, events; /currencies
"""

import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

from support.sources.server import Answer, Request, Vendor, first

LIMIT = Answer(429, {"error": {"type": "rate_limit_error", "code": "rate_limit", "message": "Request rate limit"}})
START = int(datetime(2026, 2, 20, 10, tzinfo=UTC).timestamp())
KEPT_SECONDS = 30 * 86_400  # of events
KEY = "rk_live_key-of-the-account"


def fault(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"type": "invalid_request_error", "message": message}})


class Api(Vendor):
    connector = "stripe"
    secrets = {"FAIRLEAD_{SOURCE}_KEY": KEY}
    path = "/v1"
    refusal = fault(401, "Invalid API Key provided")

    def __init__(self) -> None:
        super().__init__()
        self.size = 2
        self._numbers, self._minutes = count(1), count()
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("customers", "charges", "refunds", "subscriptions", "events")
        }
        self._fill()

    # -- the account ------------------------------------------------------------------------------------------------

    def at(self) -> int:
        return START + 60 * next(self._minutes)

    def add(self, table: str, letters: str, **values: Any) -> dict[str, Any]:
        record = {"id": f"{letters}_{next(self._numbers)}", "created": self.at(), "livemode": True, **values}
        self.tables[table].append(record)
        return record

    def change(self, record: dict[str, Any], kind: str, **values: Any) -> None:
        """Now, for an event is later than what was pulled before it."""
        record.update(values)
        event = {"type": kind, "data": {"object": dict(record), "previous_attributes": {}}}
        self.add("events", "evt", **event, created=int(time.time()) + 1 + next(self._minutes))

    def customer(self, name: str) -> dict[str, Any]:
        return self.add(
            "customers", "cus", email=f"{name}@example.com", name=f"{name.title()} Doe", phone=None,
            address={"country": "FR", "city": "Lyon", "state": "", "postal_code": "69001", "line1": "1 Rue"},
            metadata={"note": "of the staff"}, invoice_settings={},
        )  # fmt: skip

    def charge(self, customer: dict[str, Any] | None, amount: int, currency: str = "eur", **values: Any) -> Any:
        details = {"email": "guest@example.com", "address": {"country": "BE"}} if customer is None else {}
        charge = {
            "customer": customer and customer["id"], "amount": amount, "amount_captured": amount, "currency": currency,
            "status": "succeeded", "captured": True, "billing_details": details, "receipt_email": None,
            "payment_method_details": {"card": {"last4": "4242"}},
        }  # fmt: skip
        return self.add("charges", "ch", **(charge | values))

    def refund(self, charge: dict[str, Any], amount: int, status: str = "succeeded") -> dict[str, Any]:
        values = {"charge": charge["id"], "amount": amount, "currency": charge["currency"], "status": status}
        return self.add("refunds", "re", **values)

    def subscription(self, customer: dict[str, Any], status: str, cents: int, **values: Any) -> dict[str, Any]:
        price = {"id": "price_1", "nickname": "Gold", "unit_amount": cents}
        begun = self.at()
        subscription = {
            "customer": customer["id"], "status": status, "currency": "eur", "canceled_at": None, "start_date": begun,
            "current_period_end": begun + 30 * 86_400, "items": {"object": "list", "data": [
                {"id": "si_1", "quantity": 2, "price": price}]},
        }  # fmt: skip
        return self.add("subscriptions", "sub", **(subscription | values))

    def _fill(self) -> None:
        self.ann, self.bo, self.cy = self.customer("ann"), self.customer("bo"), self.customer("cy")
        self.first, self.yen = self.charge(self.ann, 4150), self.charge(self.bo, 5000, "jpy")
        self.dinar, self.guest = self.charge(self.bo, 12345, "kwd"), self.charge(None, 999)
        self.part_taken = self.charge(self.ann, 3000, amount_captured=2000)
        self.charge(self.ann, 100, status="failed", captured=False)
        self.waiting = self.charge(self.cy, 700, status="pending")
        self.charge(self.cy, 800, captured=False, amount_captured=0)
        self.back = self.refund(self.yen, 2000)
        self.refund(self.first, 4150, status="failed")
        self.gold = self.subscription(self.ann, "active", 900)
        self.ended = self.subscription(self.bo, "canceled", 500, canceled_at=START)
        self.subscription(self.cy, "incomplete_expired", 500)
        for record in (self.ann, self.gold):  # so long ago that no list brings them a second time
            record["created"] = START - 10 * 86_400

    def night(self) -> None:
        self.change(self.ann, "customer.updated", email="ann.new@example.com")
        self.change(self.cy, "customer.deleted")
        self.tables["customers"].remove(self.cy)
        self.change(self.gold, "customer.subscription.updated", status="past_due")
        self.change(self.gold, "customer.subscription.deleted", status="canceled", canceled_at=START + 86_400)
        self.waiting.update(status="succeeded")
        self.di = self.customer("di")
        self.new = self.refund(self.guest, 999, status="pending")

    # -- the API ----------------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {KEY}"

    def read(self, request: Request) -> Answer:
        table = request.path.removeprefix(self.path + "/")
        if table not in self.tables:
            return fault(404, "Unrecognized request URL")
        limit = int(first(request, "limit", 10))
        if limit > 100 or set(request.query) - {"limit", "starting_after", "created[gte]", "status", "types[]"}:
            return fault(400, "Received unknown parameter")
        if request.headers.get("stripe-version") != "2024-06-20":
            return fault(400, "the answers of other versions have other fields")
        rows = [r for r in self._newest_first(table) if self._wanted(table, r, request)]
        if after := first(request, "starting_after"):
            ids = [r["id"] for r in rows]
            if after not in ids:
                return fault(400, f"No such object: '{after}'")
            rows = rows[ids.index(after) + 1 :]
        page = rows[: min(limit, self.size)]
        content = {"object": "list", "url": f"/v1/{table}", "has_more": len(rows) > len(page), "data": page}
        return Answer(200, content)

    def _newest_first(self, table: str) -> list[dict[str, Any]]:
        return sorted(self.tables[table], key=lambda r: r["created"], reverse=True)

    def _wanted(self, table: str, record: dict[str, Any], request: Request) -> bool:
        if record["created"] < int(first(request, "created[gte]", 0)):
            return False
        if table == "subscriptions" and first(request, "status") != "all":
            return record["status"] != "canceled"
        if table == "events":
            types = request.query.get("types[]", [record["type"]])
            return record["type"] in types and record["created"] > time.time() - KEPT_SECONDS
        return True

    # -- what staging must hold -------------------------------------------------------------------------------------

    def expected(self) -> dict[str, Any]:
        """After the night."""
        ann, bo, cy, di = (f"id:stripe:{c['id']}" for c in (self.ann, self.bo, self.cy, self.di))
        guest = "email:guest@example.com"
        orders = [
            {"order_key": f"stripe:{charge['id']}", "person_ref": person, "revenue": revenue, "currency": currency,
             "is_return": False, "status": "completed"}
            for charge, person, revenue, currency in (
                (self.first, ann, 41.5, "EUR"), (self.yen, bo, 5000.0, "JPY"), (self.dinar, bo, 12.35, "KWD"),
                (self.guest, guest, 9.99, "EUR"), (self.part_taken, ann, 20.0, "EUR"), (self.waiting, cy, 7.0, "EUR"))
        ]  # fmt: skip
        for refund, person, revenue, currency in ((self.back, bo, 2000.0, "JPY"), (self.new, guest, 9.99, "EUR")):
            orders.append({"order_key": f"stripe:return:{refund['id']}", "person_ref": person, "revenue": -revenue,
                           "currency": currency, "is_return": True})  # fmt: skip
        people = [
            {"person_ref": ann, "email": "ann.new@example.com", "first_name": "Ann", "last_name": "Doe"},
            {"person_ref": bo, "email": "bo@example.com", "country": "FR"},
            {"person_ref": di, "email": "di@example.com"},
            {"person_ref": guest, "email": "guest@example.com", "country": "BE"},
        ]
        subscriptions = [
            {"person_ref": ann, "plan": "Gold", "status": "cancelled", "price": 18.0, "currency": "EUR",
             "cancelled_at": datetime.fromtimestamp(START + 86_400, UTC).replace(tzinfo=None)},
            {"person_ref": bo, "plan": "Gold", "status": "cancelled", "price": 10.0},
        ]  # fmt: skip
        return {"people": people, "orders": orders, "subscriptions": subscriptions}
