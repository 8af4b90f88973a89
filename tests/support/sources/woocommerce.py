"""WooCommerce's REST API, version 3, as its documentation and its source have it: numbered pages with their number in a
header, modified_after for orders and products and not for customers, the bin as a status, refunds of all orders.

Source  https://woocommerce.github.io/woocommerce-rest-api-docs; the controllers in woocommerce/woocommerce
"""

import base64
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from support.sources.server import Answer, Request, Vendor, first

KNOWN = {  # the parameters of each list; others are ignored by WordPress, and here they are faults of the connector
    "customers": {"per_page", "page", "orderby", "order", "role"},
    "orders": {"per_page", "page", "orderby", "order", "status", "modified_after", "dates_are_gmt"},
    "products": {"per_page", "page", "orderby", "order", "status", "modified_after", "dates_are_gmt"},
    "refunds": {"per_page", "page", "orderby", "order"},
}
LIMIT = Answer(429, {"code": "too_many_requests", "message": "slow down"}, {"Retry-After": "1"})  # the host's, not WC's
START = datetime(2026, 2, 20, 10)
KEYS = ("ck_key-of-the-shop", "cs_secret-of-the-shop")


class Api(Vendor):
    connector = "woocommerce"
    secrets = {"FAIRLEAD_{SOURCE}_KEY": KEYS[0], "FAIRLEAD_{SOURCE}_SECRET": KEYS[1]}
    path = "/wp-json/wc/v3"
    refusal = Answer(401, {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}})

    def __init__(self) -> None:
        super().__init__()
        self.size = 2
        self._numbers, self._minutes = count(11), count()
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in KNOWN}
        self._fill()

    # -- the shop ---------------------------------------------------------------------------------------------------

    def at(self) -> str:
        return (START + timedelta(minutes=next(self._minutes))).isoformat()

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        moment = self.at()
        record = {"id": next(self._numbers), "date_created_gmt": moment, "date_modified_gmt": moment, **values}
        self.tables[table].append(record)
        return record

    def change(self, record: dict[str, Any], **values: Any) -> None:
        record.update(values, date_modified_gmt=self.at())

    def customer(self, name: str, role: str = "customer") -> dict[str, Any]:
        return self.add(
            "customers", email=f"{name}@example.com", first_name=name.title(), last_name="Doe", role=role,
            username=name, is_paying_customer=role == "customer", meta_data=[{"key": "secret", "value": "x"}],
            billing={"phone": f"+4420718387{50 + len(name)}", "country": "GB", "state": "", "city": "London",
                     "postcode": "N1"},
        )  # fmt: skip

    def order(self, customer: dict[str, Any] | None, *lines: tuple[dict[str, Any], int, str], **values: Any) -> Any:
        items = [{"id": next(self._numbers), "product_id": product["id"], "name": product["name"], "quantity": quantity,
                  "total": total, "price": float(total) / quantity} for product, quantity, total in lines]  # fmt: skip
        order = {
            "number": "7", "status": "completed", "currency": "GBP", "discount_total": "0.00",
            "total": f"{sum(float(total) for *_, total in lines):.2f}", "created_via": "checkout",
            "customer_id": customer["id"] if customer else 0,
            "billing": {"email": customer["email"] if customer else "guest@example.com", "phone": "", "country": "GB",
                        "first_name": "Gus", "last_name": "Guest"},
            "shipping": {"country": ""}, "line_items": items, "coupon_lines": [],
        }  # fmt: skip
        return self.add("orders", **(order | values))

    def refund(self, order: dict[str, Any], amount: str, quantity: int = 1) -> dict[str, Any]:
        line = {**order["line_items"][0], "id": next(self._numbers), "quantity": -quantity, "total": f"-{amount}"}
        refund = self.add("refunds", parent_id=order["id"], amount=amount, reason="", line_items=[line])
        self.change(order)
        return refund

    def _fill(self) -> None:
        self.fern = self.add("products", name="Fern", status="publish", price="20", stock_quantity=None,
                             categories=[{"id": 2, "name": "Prints"}, {"id": 1, "name": "Art"}])  # fmt: skip
        self.tote = self.add("products", name="Tote", status="publish", price="5", stock_quantity=3, categories=[])
        self.ann, self.bo = self.customer("ann"), self.customer("bo", "administrator")
        self.cy = self.customer("cy")
        self.first = self.order(self.ann, (self.fern, 2, "36.00"), (self.tote, 1, "5.00"), discount_total="4.00",
                                coupon_lines=[{"id": 1, "code": "spring"}])  # fmt: skip
        self.guest = self.order(None, (self.tote, 1, "5.00"))
        self.failed = self.order(self.bo, (self.tote, 1, "5.00"), status="failed")
        self.binned = self.order(self.cy, (self.tote, 2, "10.00"), status="on-hold")
        self.third = self.order(self.ann, (self.fern, 1, "20.00"), status="processing")
        self.mistaken = self.refund(self.first, "5.00")

    def night(self) -> None:
        self.tables["refunds"].remove(self.mistaken)  # changes no date of its order
        self.kept = self.refund(self.third, "20.00")
        self.change(self.third, status="refunded")
        self.change(self.binned, status="trash")
        self.change(self.tote, status="trash")
        self.tables["customers"].remove(self.cy)
        self.ann.update(email="ann.new@example.com")
        self.new = self.order(None, (self.fern, 1, "20.00"), shipping={"country": "IE"})

    # -- the API ----------------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        return base64.b64decode(given).decode() == ":".join(KEYS)

    def read(self, request: Request) -> Answer:
        table = request.path.removeprefix(self.path + "/")
        if table not in self.tables:
            return Answer(404, {"code": "rest_no_route", "message": "No route", "data": {"status": 404}})
        size, page = int(first(request, "per_page", 10)), int(first(request, "page", 1))
        if size > 100 or set(request.query) - KNOWN[table]:
            return Answer(400, {"code": "rest_invalid_param", "message": "Invalid parameter", "data": {"status": 400}})
        rows = [r for r in self.tables[table] if self._wanted(table, r, request)]
        size = min(size, self.size)
        pages = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(-(-len(rows) // size))}
        return Answer(200, rows[(page - 1) * size : page * size], pages)

    def _wanted(self, table: str, record: dict[str, Any], request: Request) -> bool:
        since, status = first(request, "modified_after"), first(request, "status", "any")
        if since:
            assert first(request, "dates_are_gmt") == "true", "the shop's own clock would be meant"
            if datetime.fromisoformat(record["date_modified_gmt"]) <= datetime.fromisoformat(since):
                return False
        if table == "customers":
            return first(request, "role", "customer") in ("all", record["role"])
        if table in ("orders", "products"):
            return record["status"] != "trash" if status == "any" else record["status"] == status
        return True

    # -- what staging must hold -------------------------------------------------------------------------------------

    def expected(self) -> dict[str, Any]:
        """After the night."""
        ann, bo = (f"id:woocommerce:{c['id']}" for c in (self.ann, self.bo))
        guest = "email:guest@example.com"
        orders = [
            {"order_key": f"woocommerce:{order['id']}", "person_ref": person, "status": status, "revenue": revenue,
             "is_return": False, "country": country}
            for order, person, status, revenue, country in (
                (self.first, ann, "completed", 41.0, "GB"), (self.guest, guest, "completed", 5.0, "GB"),
                (self.failed, bo, "cancelled", 5.0, "GB"), (self.third, ann, "completed", 20.0, "GB"),
                (self.new, guest, "completed", 20.0, "IE"))
        ]  # fmt: skip
        orders.append({"order_key": f"woocommerce:return:{self.kept['id']}", "person_ref": ann, "status": "completed",
                       "revenue": -20.0, "is_return": True})  # fmt: skip
        people = [
            {"person_ref": ann, "email": "ann.new@example.com", "lifecycle": "customer", "phone": "+442071838753"},
            {"person_ref": bo, "email": "bo@example.com", "lifecycle": "contact"},
            {"person_ref": guest, "email": "guest@example.com", "lifecycle": "customer", "first_name": "Gus"},
        ]
        lines = [
            {"order_key": f"woocommerce:{order['id']}", "quantity": line["quantity"], "revenue": float(line["total"])}
            for order in (self.first, self.guest, self.failed, self.third, self.new) for line in order["line_items"]
        ]  # fmt: skip
        lines.append({"order_key": f"woocommerce:return:{self.kept['id']}", "quantity": -1, "revenue": -20.0})
        products = [{"product_key": f"woocommerce:{self.fern['id']}", "category": "Art", "price": 20.0}]
        return {"people": people, "orders": orders, "order_lines": lines, "products": products}
