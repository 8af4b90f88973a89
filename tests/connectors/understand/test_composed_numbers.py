"""Numbers that count within another: two shops' customers 7 are two people, and each order finds its own."""

from pathlib import Path
from typing import Any

from support.little_project import DAY, Project

from connectors.pull import pull
from connectors.understand.scaffold import new_source

SHOPS, CUSTOMERS, ORDERS = (1, 2), range(1, 31), range(1, 41)


def csv(rows: list[tuple[Any, ...]]) -> str:
    return "\n".join(",".join(map(str, row)) for row in rows) + "\n"


def two_shops(project: Project) -> Path:
    shop = "shop_id"
    project.data(csv([(shop, "customer_no", "email", "created_at"), *(
        (s, n, f"s{s}n{n}@example.com", "2025-01-05")
        for s in SHOPS for n in CUSTOMERS)]), "customers.csv")  # fmt: skip
    project.data(csv([(shop, "order_no", "customer", "order_date", "status", "total"), *(
        (s, n, 1 + (n * s) % 30, "2025-10-05 10:00:00", "paid", 10 * s + n)
        for s in SHOPS for n in ORDERS)]), "orders.csv")  # fmt: skip
    project.data(csv([(shop, "order_no", "line_no", "sku", "quantity", "unit_price"), *(
        (s, n, k, f"SKU{k}", 1, (10 * s + n) / 2)
        for s in SHOPS for n in ORDERS for k in (1, 2))]), "order_lines.csv")  # fmt: skip
    return project.home / "in"


def test_a_customer_number_of_a_shop_is_one_persons_and_joins_with_both_parts(company: Project) -> None:
    result = new_source(company.settings, "acme", str(two_shops(company)))
    assert result["ok"], result["trial"]["failures"]
    counts = result["trial"]["counts"]
    assert counts["people"]["people"] == 60 and counts["orders"]["with_person"] == 80
    assert counts["orders"]["people"] == len({(s, 1 + (n * s) % 30) for s in SHOPS for n in ORDERS})
    assert counts["orders"]["sales"] == sum(10 * s + n for s in SHOPS for n in ORDERS)
    assert {(j["from"], j["to"], j["share"]) for j in result["joins"]} == {
        ("orders.customer", "customers.customer_no", 1.0), ("order_lines.order_no", "orders.order_no", 1.0),
    }  # fmt: skip
    assert all(e["rows_rejected"] == 0 for e in pull(company.settings, DAY, ["acme"])["sources"])
    again = pull(company.settings, DAY, ["acme"])["sources"]
    assert all(e["rows_landed"] == 0 for e in again), "a second pull changes nothing"


def test_a_number_that_has_one_address_everywhere_is_one_humans_in_every_shop(project: Project) -> None:
    folder = two_shops(project)
    rows = [(s, n, f"n{n}@example.com", "2025-01-05") for s in SHOPS for n in CUSTOMERS]
    project.data(csv([("shop_id", "customer_no", "email", "created_at"), *rows]), "customers.csv")
    result = new_source(project.settings, "acme", str(folder), is_tried=False, write=False)
    customers = next(t for t in result["tables"] if t["table"] == "customers")
    assert customers["key"] == ["shop_id", "customer_no"]


def test_a_number_that_repeats_and_is_named_by_nobody_is_told(project: Project) -> None:
    folder = two_shops(project)
    for name in ("orders.csv", "order_lines.csv"):
        (folder / name).unlink()
    result = new_source(project.settings, "acme", str(folder), is_tried=False, write=False)
    told = [d for d in result["doubts"] if d["weight"] == "heavy" and "customer_no repeats over shop_id" in d["doubt"]]
    assert len(told) == 1


def test_versions_of_a_row_by_day_stay_one_number(project: Project) -> None:
    days = ("2025-01-01", "2025-01-02")
    rows = [(d, n, f"n{n}x{d[-1]}@example.com") for d in days for n in CUSTOMERS]
    project.data(csv([("snapshot_date", "customer_no", "email"), *rows]), "customers.csv")
    project.data(csv([("snapshot_date", "order_no", "customer_no", "total"), *(
        (d, f"{d}-{n}", n, n) for d in days for n in CUSTOMERS)]), "orders.csv")  # fmt: skip
    result = new_source(project.settings, "acme", str(project.home / "in"), is_tried=False, write=False)
    assert not any("counts within" in d["doubt"] for d in result["doubts"])
