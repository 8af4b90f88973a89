"""Shopify's Admin API (REST), as its documentation has it: pages by the Link header's page_info, which goes with limit
and fields alone; updated_at_min; closed orders by status=any; deletions of orders and products as events.

Source  https://shopify.dev/docs/api/admin-rest: customer, order, product, event; usage/pagination and rate-limits;
        https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

import json
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from support.sources.server import Answer, Request, Vendor, first, part

MOST = 250
TOKENS = "/admin/oauth/access_token"
LIMIT = Answer(
    429, {"errors": "Exceeded 2 calls per second for api client. Reduce request rates."}, {"Retry-After": "1.0"}
)
START = datetime.fromisoformat("2026-02-20T10:00:00-05:00")


class Api(Vendor):
    connector = "shopify"
    secrets = {
        "FAIRLEAD_{SOURCE}_CLIENT_ID": "client-of-the-shop",
        "FAIRLEAD_{SOURCE}_CLIENT_SECRET": "shpss_secret-of-the-shop",
    }
    path = "/admin/api/2026-01"
    refusal = Answer(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})

    def __init__(self) -> None:
        super().__init__()
        self.token, self.breaks_at = "shpat_token-of-the-day", None
        self.size = 2  # of a page, however many are asked for
        self._numbers, self._minutes, self._pages = count(1001), count(), {}
        self.tables: dict[str, list[dict[str, Any]]] = {"customers": [], "orders": [], "products": [], "events": []}
        self._fill()

    # -- the shop ---------------------------------------------------------------------------------------------------

    def at(self) -> str:
        """A minute later each time, on the shop's clock."""
        return (START + timedelta(minutes=next(self._minutes))).isoformat()

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        moment = self.at()
        record = {"id": next(self._numbers), "created_at": moment, "updated_at": moment, **values}
        self.tables[table].append(record)
        return record

    def change(self, record: dict[str, Any], **values: Any) -> None:
        record.update(values, updated_at=self.at())

    def delete(self, table: str, record: dict[str, Any]) -> None:
        self.tables[table].remove(record)
        if table != "customers":  # Shopify keeps no events of customers
            subject = {"orders": "Order", "products": "Product"}[table]
            self.add("events", subject_id=record["id"], subject_type=subject, verb="destroy", message="gone")

    def customer(self, name: str, email: str | None = None, sms: str | None = None) -> dict[str, Any]:
        def answer(state: str | None) -> dict[str, Any] | None:
            known = state in ("subscribed", "unsubscribed")
            level = "single_opt_in" if known else "unknown"
            moment = self.at() if known else None
            return state and {"state": state, "opt_in_level": level, "consent_updated_at": moment}

        return self.add(
            "customers", email=f"{name}@example.com", phone=None, first_name=name.title(), last_name="Doe",
            default_address={"country_code": "CA", "province_code": "ON", "city": "Ottawa", "zip": "K2P 1L4"},
            email_marketing_consent=answer(email), tags="", note="a note of the shop's staff",
            sms_marketing_consent=sms and {**(answer(sms) or {}), "consent_collected_from": "OTHER"},
        )  # fmt: skip

    def order(
        self, customer: dict[str, Any] | None, *lines: tuple[dict[str, Any], int, str, str], **values: Any
    ) -> Any:
        items = [
            {"id": next(self._numbers), "product_id": product["id"], "name": product["title"], "quantity": quantity,
             "price": price, "total_discount": "0.00", "discount_allocations": [{"amount": discount}]}
            for product, quantity, price, discount in lines
        ]  # fmt: skip
        total = sum(quantity * float(price) - float(discount) for _, quantity, price, discount in lines)
        money = {"amount": f"{total:.2f}", "currency_code": "CAD"}
        order = {
            "email": customer and customer["email"], "phone": None, "customer": customer and {"id": customer["id"]},
            "cancelled_at": None, "test": False, "financial_status": "paid", "source_name": "web", "currency": "CAD",
            "presentment_currency": "CAD", "total_price": f"{total:.2f}", "discount_codes": [], "refunds": [],
            "total_price_set": {"shop_money": money, "presentment_money": money}, "line_items": items,
            "total_discounts": f"{sum(float(d) for *_, d in lines):.2f}", "billing_address": None,
            "shipping_address": {"country_code": "CA"}, "browser_ip": "192.0.2.7",
        }  # fmt: skip
        return self.add("orders", processed_at=self.at(), **(order | values))

    def refund(self, order: dict[str, Any], amount: str, quantity: int = 0, currency: str = "CAD") -> None:
        line = order["line_items"][0]
        failed = {"kind": "refund", "status": "failure", "amount": "999.00", "currency": currency}
        paid = {"kind": "refund", "status": "success", "amount": amount, "currency": currency}
        returned = {"id": next(self._numbers), "quantity": quantity, "subtotal": float(amount), "line_item": line}
        refund = {"id": next(self._numbers), "order_id": order["id"], "created_at": self.at(),
                  "transactions": [failed, paid], "refund_line_items": [returned] if quantity else []}  # fmt: skip
        self.change(order, refunds=[*order["refunds"], refund], financial_status="partially_refunded")

    def product(self, title: str, *prices: str) -> dict[str, Any]:
        variants = [{"id": next(self._numbers), "price": price, "inventory_quantity": 4} for price in prices]
        return self.add("products", title=title, product_type="Bikes", variants=variants, vendor="Acme")

    def _fill(self) -> None:
        self.fern, self.tote = self.product("Fern", "20.00", "19.50"), self.product("Tote", "5.00")
        self.ann, self.bo = self.customer("ann", "subscribed", "subscribed"), self.customer("bo", "unsubscribed")
        self.cy, self.di = self.customer("cy", "not_subscribed"), self.customer("di", "pending", "not_subscribed")
        self.first = self.order(self.ann, (self.fern, 2, "20.00", "4.00"), (self.tote, 1, "5.00", "0.00"),
                                discount_codes=[{"code": "SPRING", "amount": "4.00"}])  # fmt: skip
        self.second = self.order(self.bo, (self.tote, 3, "5.00", "0.00"), source_name="pos")
        self.guest = self.order(None, (self.tote, 1, "5.00", "0.00"), email="guest@example.com")
        self.order(self.ann, (self.fern, 9, "20.00", "0.00"), test=True)
        presented = {"presentment_money": {"amount": "10.00", "currency_code": "USD"}}
        self.abroad = self.order(self.cy, (self.fern, 1, "20.00", "0.00"), presentment_currency="USD",
                                 total_price_set=presented, shipping_address={"country_code": "US"})  # fmt: skip
        self.refund(self.abroad, "4.00", currency="USD")  # 8.00 CAD
        self.cancelled = self.order(self.bo, (self.fern, 1, "20.00", "0.00"), cancelled_at=self.at())
        self.refund(self.cancelled, "20.00")

    def night(self) -> None:
        self.refund(self.first, "18.00", quantity=1)
        self.change(self.ann, email_marketing_consent={
            "state": "unsubscribed", "opt_in_level": "single_opt_in", "consent_updated_at": self.at()})  # fmt: skip
        self.delete("customers", self.di)
        self.delete("orders", self.second)
        self.delete("products", self.tote)
        self.change(self.fern, title="Fern print")
        self.odd = self.order(None, discount_codes=None, refunds=None, shipping_address=None, source_name=None)
        self.odd["line_items"] = None
        self.new = self.order(self.cy, (self.fern, 1, "20.00", "0.00"), source_name="android")

    # -- the API ----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        return self._signed_in(request) if request.path == TOKENS else super().answer(request)

    def knows(self, request: Request) -> bool:
        return request.headers.get("x-shopify-access-token") == self.token

    def _signed_in(self, request: Request) -> Answer:
        """A token of 24 hours for an app of one's own."""
        keys = {"client_id": "client-of-the-shop", "client_secret": "shpss_secret-of-the-shop"}
        if request.form() != {"grant_type": "client_credentials", **keys}:
            return Answer(400, {"error": "invalid_client", "error_description": "The client is not known"})
        return Answer(200, {"access_token": self.token, "scope": "read_orders", "expires_in": 86_399})

    def read(self, request: Request) -> Answer:
        table = request.path.removeprefix(self.path + "/").removesuffix(".json")
        if table not in self.tables:
            return Answer(404, {"errors": "Not Found"})
        if token := first(request, "page_info"):
            if token == self.breaks_at:
                return Answer(500, {"errors": "Internal Server Error"})
            if set(request.query) - {"page_info", "limit", "fields"} or token not in self._pages:
                return Answer(400, {"errors": {"page_info": "Invalid value."}})
            rows, start = self._pages[token]
        else:
            rows, start = [r for r in self.tables[table] if self._wanted(table, r, request)], 0
        limit, fields = int(first(request, "limit", 50)), first(request, "fields")
        if limit > MOST:
            return Answer(400, {"errors": {"limit": "must be at most 250"}})
        page, more = part(rows, start, min(limit, self.size))
        names = fields.split(",") if fields else None
        content = {table: [{k: v for k, v in r.items() if names is None or k in names} for r in page]}
        return Answer(200, content, self._link(request, rows, start, limit, fields) if more else {})

    def _wanted(self, table: str, record: dict[str, Any], request: Request) -> bool:
        for name, key in (("updated_at_min", "updated_at"), ("created_at_min", "created_at")):
            since = first(request, name)
            if since and datetime.fromisoformat(record[key]) < datetime.fromisoformat(since):
                return False
        if table == "orders" and first(request, "status", "open") != "any":
            return not record["cancelled_at"]
        if table == "events":
            return record["subject_type"] in first(request, "filter", "").split(",") and (
                record["verb"] == first(request, "verb", record["verb"])
            )
        return True

    def _link(self, request: Request, rows: Any, start: int, limit: int, fields: str | None) -> dict[str, str]:
        token = f"page{len(self._pages)}"
        self._pages[token] = (json.loads(json.dumps(rows)), start + min(limit, self.size))
        more = f"&fields={fields.replace(',', '%2C')}" if fields else ""
        address = f"{self.url}{request.path}?limit={limit}&page_info={token}{more}"
        return {"Link": f'<{address}>; rel="next"'}

    # -- what staging must hold -------------------------------------------------------------------------------------

    def expected(self) -> dict[str, Any]:
        """After the night."""

        def key(record: dict[str, Any]) -> str:
            return f"shopify:{record['id']}"

        ann, bo, cy = (f"id:shopify:{c['id']}" for c in (self.ann, self.bo, self.cy))
        sale = {"is_return": False, "status": "completed", "channel": "web"}
        refund = {"is_return": True, "status": "completed", "channel": "web"}
        orders = [
            {"order_key": key(self.first), "person_ref": ann, **sale, "revenue": 41.0, "coupon": "SPRING"},
            {"order_key": key(self.guest), "person_ref": "email:guest@example.com", **sale, "revenue": 5.0},
            {"order_key": key(self.abroad), "person_ref": cy, **sale, "revenue": 20.0, "country": "US"},
            {"order_key": key(self.cancelled), "person_ref": bo, **sale, "status": "cancelled", "revenue": 20.0},
            {"order_key": key(self.odd), "person_ref": None, **sale, "revenue": 0.0, "country": None},
            {"order_key": key(self.new), "person_ref": cy, **sale, "channel": "app", "revenue": 20.0},
        ]
        for order, person, amount in ((self.first, ann, 18.0), (self.abroad, cy, 8.0), (self.cancelled, bo, 20.0)):
            row = {"order_key": f"shopify:return:{order['refunds'][0]['id']}", "person_ref": person, **refund}
            status = "cancelled" if order is self.cancelled else "completed"
            orders.append({**row, "status": status, "revenue": -amount})
        consents = [
            {"person_ref": ann, "channel": "email", "status": "withdrawn", "wording_version": "single_opt_in"},
            {"person_ref": ann, "channel": "sms", "status": "granted", "collected_by": "other"},
            {"person_ref": bo, "channel": "email", "status": "withdrawn"},
        ]
        people = [{"person_ref": f"id:shopify:{c['id']}", "email": c["email"], "country": "CA", "region": "ON"}
                  for c in (self.ann, self.bo, self.cy)]  # fmt: skip
        return {"people": people, "consents": consents, "orders": orders, "order_lines": self._lines(),
                "products": [{"product_key": key(self.fern), "name": "Fern print", "price": 19.5,
                              "stock_quantity": 8}]}  # fmt: skip

    def _lines(self) -> list[dict[str, Any]]:
        kept = (self.first, self.guest, self.abroad, self.cancelled, self.new)
        lines = [
            {"order_key": f"shopify:{order['id']}", "order_line_key": f"shopify:{line['id']}",
             "quantity": line["quantity"], "product_name": line["name"],
             "revenue": line["quantity"] * float(line["price"]) - float(line["discount_allocations"][0]["amount"])}
            for order in kept for line in order["line_items"]
        ]  # fmt: skip
        returned = self.first["refunds"][0]
        return [*lines, {"order_key": f"shopify:return:{returned['id']}", "quantity": -1, "revenue": -18.0,
                         "product_key": f"shopify:{self.fern['id']}"}]  # fmt: skip
