"""A known exporter's mapping wins over a guess; what is wrong in its file is told at once."""

import pytest

from connectors.understand import exporter, mapping
from connectors.understand.exporter import known_tables, load_exporter
from connectors.understand.scaffold import new_source
from core.errors import ConfigError

SHOP = """
description: A shop, tables as somebody writes them
tables:
  customer:
    names: [customer, customers]
    known_by: [id, email, accepts_marketing]
    rows: the customer of the shop
    key: [id]
    cursor: updated_at
    models:
      people:
        columns: {record_id: id, email: email, first_name: first_name, created_at: created_at}
        person: {customer: id}
        values: {lifecycle: customer}
      consents:
        confirm: true
        columns: {email: email, occurred_at: updated_at}
        map: {status: {from: accepts_marketing, to: {"true": granted, "false": withdrawn}}}
        values: {channel: email, purpose: marketing}
    ignored: [note]
  order:
    names: [order, orders]
    known_by: [id, financial_status, total_cents]
    key: [id]
    models:
      orders:
        columns: {order_key: id, revenue: total_cents, ordered_at: created_at}
        map: {status: {from: financial_status, to: {paid: completed, Refunded: cancelled}, else: completed}}
        scale: {revenue: 0.01}
        person: {customer: customer_id}
        where: "total_cents >= 0"
"""


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop__tables.yml"
    path.write_text(SHOP)
    return load_exporter(path)


def test_an_exporters_tables_are_known_by_their_last_words_and_columns(shop):
    columns = {"id", "email", "accepts_marketing"}
    found = known_tables(
        {"my_shop_customer_data": columns, "customer_tag": columns, "customers": {"id"}}, {"shop": shop}
    )
    assert list(found) == ["my_shop_customer_data"] and found["my_shop_customer_data"].exporter == "shop__tables"


def test_its_mapping_is_written_and_what_is_beyond_it_told(project, shop, monkeypatch):
    monkeypatch.setattr(exporter, "exporters", lambda: {"shop__tables": shop})
    rows = "".join(f"{i},a{i}@example.com,Ann,{str(i % 2 == 0).lower()},2026-01-01 10:00:00,2026-01-02 10:00:00,x{i}\n"
                   for i in range(9))  # fmt: skip
    project.data("id,email,first_name,accepts_marketing,created_at,updated_at,shoe_size\n" + rows, "acme_customer.csv")
    orders = "".join(f"{i},{i},{100 * i},2026-01-01 10:00:00,paid\n" for i in range(9))
    project.data("id,customer_id,total_cents,created_at,financial_status\n" + orders, "acme_order.csv")
    result = new_source(project.settings, "acme", str(project.home / "in"), is_tried=False)
    assert mapping.known_tables is known_tables
    assert result["entities"] == {"acme_customer": "people, consents", "acme_order": "orders"}
    assert result["namespaces"]["acme_customer"] == ["acme_customer.id", "acme_order.customer_id"]
    assert any("shoe_size" in d["doubt"] for d in result["doubts"])
    staging = project.root / "dbt_project/models/staging/acme"
    sql = (staging / "stg_acme__orders.sql").read_text()
    assert (
        "money('total_cents * 0.01')" in sql and "total_cents >= 0" in sql and "in ('refunded') then 'cancelled'" in sql
    )
    assert "confirmed_by" in (staging / "stg_acme__consents.sql").read_text()


def test_all_mistakes_of_an_exporters_file_are_told(tmp_path):
    path = tmp_path / "shop__bad.yml"
    path.write_text(
        SHOP.replace("record_id: id", "record: id").replace("orders:\n        columns", "orderz:\n        columns")
    )
    with pytest.raises(ConfigError, match=r"people has no column record(.|\n)*no entity 'orderz'"):
        load_exporter(path)
    with pytest.raises(ConfigError, match="<exporter>__<form>"):
        load_exporter(tmp_path / "shop.yml")


def test_every_exporters_file_is_in_order():
    exporter.exporters()
