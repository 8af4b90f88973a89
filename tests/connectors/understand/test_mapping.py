"""Foreign shops are understood: their people, orders and money are those of plain SQL over their files."""

import re
import sqlite3
from datetime import date
from pathlib import Path

import duckdb
import yaml
from support import foreign_shops

from connectors.pull import pull
from connectors.understand.entities import ENTITIES
from connectors.understand.scaffold import new_source

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 3, 2)


def understood(project, data, **more):
    return new_source(project.settings, "shop", str(data), write=False, is_tried=False, **more)


def doubts(result, word):
    return [d for d in result["doubts"] if word in d["doubt"]]


def test_a_marketplace_is_understood_and_builds_with_the_sums_of_its_files(company):
    folder = foreign_shops.as_csv(foreign_shops.marketplace(), company.home / "in" / "market")
    result = new_source(company.settings, "market", str(folder))
    assert result["trial"]["ok"] and result["trial"]["tried"], result["trial"]
    assert {t: e for t, e in result["entities"].items() if "order" in t or "customer" in t} == {
        "olist_customers_dataset": "people", "olist_orders_dataset": "orders",
        "olist_order_items_dataset": "order_lines",
        "olist_order_reviews_dataset": "survey_answers",
    }  # fmt: skip
    plain = duckdb.connect()
    humans, orders, amount = plain.execute(
        f"select (select count(distinct customer_unique_id) from '{folder}/olist_customers_dataset.csv'),"
        f" (select count(*) from '{folder}/olist_orders_dataset.csv'),"
        f" (select sum(price) from '{folder}/olist_order_items_dataset.csv')"
    ).fetchone()
    counts = result["trial"]["counts"]
    assert (counts["orders"]["people"], counts["orders"]["rows"]) == (humans, orders)
    assert round(counts["orders"]["revenue"], 2) == round(float(amount), 2)
    assert counts["people"]["people"] == humans + 120  # and the leads
    assert result["namespaces"]["market_customer"] == ["olist_customers_dataset.customer_unique_id"]
    assert all(j["share"] == 1 for j in result["joins"])
    skeleton = company.root / "dbt_project/models/staging/market/stg_market__olist_geolocation_dataset.sql"
    assert "a skeleton" in skeleton.read_text() and not list(company.root.rglob("*.failed"))


def test_the_same_marketplace_in_a_database_is_the_same(project):
    url = foreign_shops.as_sqlite(foreign_shops.marketplace(), project.home / "market.sqlite")
    assert understood(project, url)["entities"]["olist_orders_dataset"] == "orders"


def test_a_german_shop_has_its_status_words_asked_and_its_newsletter_proposed_in_silence(project):
    folder = foreign_shops.as_csv(foreign_shops.german(), project.home / "in" / "laden", ";", "cp1252")
    result = understood(project, folder)
    assert result["entities"] == {
        "kundenstamm": "people, consents", "bestellungen": "orders", "bestellpositionen": "order_lines",
        "artikel": "products",
    }  # fmt: skip
    assert result["namespaces"] == {"shop_customer": ["kundenstamm.kundennummer", "bestellungen.kunden_nr"]}
    (asked,) = [d for d in result["doubts"] if d.get("choices") and "zurückgestellt" in d["doubt"]]
    assert set(asked["choices"]) == {"completed", "cancelled"} and asked["weight"] == "heavy"
    answered = new_source(
        project.settings, "laden", str(folder), is_tried=False, ask=lambda _: {asked["name"]: "cancelled"}
    )
    assert not doubts(answered, "zurückgestellt")
    orders = (project.root / "dbt_project/models/staging/laden/stg_laden__orders.sql").read_text()
    assert "'zurückgestellt'" in orders and "'storniert'" in orders
    consents = (project.root / "dbt_project/models/staging/laden/stg_laden__consents.sql").read_text()
    assert "{% set confirmed_by = '' %}" in consents and "= 'withdrawn'{% endif %}" in consents and "'ja'" in consents
    people = (project.root / "dbt_project/models/staging/laden/stg_laden__people.sql").read_text()
    assert "clean('status')" not in people and "as region" not in people


def told(project, files, name="shop", **more):
    """What was written for a source, by file, after an understanding that is not tried."""
    result = new_source(project.settings, name, str(files), is_tried=False, **more)
    staging = project.root / f"dbt_project/models/staging/{name}"
    return result, {p.stem.removeprefix(f"stg_{name}__"): p.read_text() for p in staging.glob("*.sql")}


def test_a_polish_shop_of_the_country_s_code_page_is_understood_by_parts_of_words(project, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_PROJECT__DEFAULT_COUNTRY", "PL")
    monkeypatch.setenv("FAIRLEAD_PROJECT__TIME_ZONE", "Europe/Warsaw")
    files = foreign_shops.as_csv(foreign_shops.polish(), project.home / "in" / "sklep", ";", "cp1250")
    result, sql = told(project, files)
    assert result["entities"] == {
        "klienci": "people, consents", "zamowienia": "orders", "pozycje_zamowien": "order_lines",
    }  # fmt: skip
    assert "money('wartosc_brutto')" in sql["orders"] and "podatek" not in sql["orders"].split("select")[2]
    assert "'anulowane'" in sql["orders"] and "= 'withdrawn'{% endif %}" in sql["consents"]
    source = yaml.safe_load((project.root / "connectors/sources/shop.yml").read_text())["tables"]
    assert source["pozycje_zamowien"]["key"] == ["nr_zamowienia", "lp"]
    assert source["zamowienia"]["encoding"] == "cp1250" and source["zamowienia"]["day"] == "data_zamowienia"
    assert source["zamowienia"]["columns"]["data_zamowienia"]["time_zone"] == "Europe/Warsaw"
    assert "day" not in source["klienci"]  # it feeds consents
    assert "#   orders:\n#     podatek_vat: {type: number" in (project.root / "connectors/sources/shop.yml").read_text()


def test_short_names_and_invoices_that_stand_for_orders(project):
    url = foreign_shops.as_sqlite(foreign_shops.software(), project.home / "software.sqlite")
    result, sql = told(project, url)
    assert result["entities"] == {
        "app_user": "people, consents", "org": "accounts", "invoice": "orders", "sub": "subscriptions",
        "support_case": "tickets", "event": "events",
    }  # fmt: skip
    assert "money('amount_cents * 0.01')" in sql["orders"] and "id_ref('shop_user', 'uid')" in sql["events"]
    (doubt,) = doubts(result, "2 currencies")
    assert doubt["weight"] == "heavy" and "EUR 180, USD 60" in doubt["doubt"]
    events = yaml.safe_load((project.root / "connectors/sources/shop.yml").read_text())["tables"]["event"]
    assert events["columns"]["ts"] == {"type": "timestamp", "format": "epoch_seconds"} and events["day"] == "ts"


def test_payments_are_sales_where_nothing_else_is_and_an_amount_bears_its_sign(project):
    gym = foreign_shops.gym()
    result, sql = told(project, foreign_shops.as_csv(gym, project.home / "in" / "gym", ";", "utf-8-sig"))
    assert result["entities"] == {"socios": "people, consents", "pagos": "orders"}
    assert doubts(result, "each row of this one counts as one") and "'devuelto'" in sql["orders"]
    payments = yaml.safe_load((project.root / "connectors/sources/shop.yml").read_text())["tables"]["pagos"]
    assert payments["columns"]["importe"] == {"type": "number", "unit": "€"} and payments["decimal"] == ","
    pull(project.settings, DAY, ["shop"])
    (summed,) = project.rows("select sum(importe) as s from raw.shop__pagos")
    assert round(summed["s"], 2) == round(sum(float(p["importe"][:-2].replace(",", ".")) for p in gym["pagos"]), 2)
    assert "clean('nombre')" in sql["people"] and "as first_name" in sql["people"]


def test_orders_and_the_invoices_of_them_are_no_two_sales(project):
    rows = "".join(f"{i},c{i % 9},{i}.50,2026-01-0{1 + i % 9}\n" for i in range(60))
    project.data("order_id,customer_id,total,order_date\n" + rows, "orders.csv")
    project.data("invoice_id,customer_id,total,invoice_date\n" + rows, "invoices.csv")
    result = understood(project, project.home / "in")
    assert result["entities"]["orders"].startswith("orders") and "invoices" not in result["entities"]
    assert doubts(result, "each sale would count twice")


def test_number_nought_is_nobody(project):
    rows = "".join(f"{i},{i % 5},g{i}@example.com,{i}.50,2026-01-0{1 + i % 9}\n" for i in range(60))
    project.data("order_id,customer_id,email,total,order_date\n" + rows, "orders.csv")
    _, sql = told(project, project.home / "in")
    assert "nullif(customer_id, '0')" in sql["orders"] and "email_ref" in sql["orders"]
    assert "partition by email__normalised" in sql["people"]


def test_cents_guests_and_lines_without_products_of_a_french_shop(project):
    result = understood(project, foreign_shops.as_csv(foreign_shops.french(), project.home / "in" / "boutique"))
    assert result["entities"]["lignes_commande"] == "order_lines, products" and doubts(result, "hundredths")
    columns = {c["column"]: c for t in result["tables"] if t["table"] == "commandes" for c in t["columns"]}
    assert columns["courriel"]["placed"] == ["orders.person_ref"] and "@example" not in str(result)


def test_a_column_that_is_nearly_a_key_is_none_and_no_row_is_lost(project):
    rows = "".join(f"{i - (i % 50 == 49)},a{i}@example.com,N{i},M{i}\n" for i in range(1000))
    project.data("customer_id,email,first_name,last_name\n" + rows, "customers.csv")
    result = understood(project, project.home / "in" / "customers.csv")
    assert result["tables"][0]["key"] == [] and doubts(result, "20 of 1000 rows repeat")


def test_numbers_of_one_kind_have_one_namespace_also_where_few_of_them_match(project):
    project.data("id,email\n" + "".join(f"{i},a{i}@example.com\n" for i in range(30)), "shop_customers.csv")
    orders = "".join(f"{i},{i + 20},{i}.50,2026-01-02\n" for i in range(40))
    project.data("id,customer_id,total_price,created_at\n" + orders, "shop_orders.csv")
    result = understood(project, project.home / "in")
    assert result["namespaces"] == {"shop_customer": ["shop_customers.id", "shop_orders.customer_id"]}
    assert [j for j in result["joins"] if j["from"] == "shop_orders.customer_id"] == [] or doubts(result, "customer_id")


def test_an_accounts_state_is_no_region_and_a_payments_status_not_the_orders(project):
    people = "".join(f"{i},a{i}@example.com,Ann,enabled,Leeds\n" for i in range(20))
    project.data("id,email,first_name,state,city\n" + people, "customers.csv")
    words = ["paid", "refunded", "partially_refunded"]
    orders = "".join(f"{i},{i},{i}.50,2026-01-02,{words[i % 3]}\n" for i in range(20))
    project.data("id,customer_id,total_price,created_at,financial_status\n" + orders, "orders.csv")
    new_source(project.settings, "shop", str(project.home / "in"), is_tried=False)
    staging = project.root / "dbt_project/models/staging/shop"
    assert "region" not in (staging / "stg_shop__people.sql").read_text()
    sql = (staging / "stg_shop__orders.sql").read_text()
    assert "word('financial_status')" in sql and "clean('financial_status')" not in sql and "'refunded'" in sql


def test_a_table_of_mixed_case_and_a_folder_that_only_begins_like_the_project(project):
    beside = Path(f"{project.root}-other")
    beside.mkdir()
    with sqlite3.connect(beside / "shop.sqlite") as shop:
        shop.execute(
            'create table "Order" ("orderId" text primary key, "customerId" text, "orderDate" text, "Total Price" real)'
        )
        shop.execute("""insert into "Order" values ('a', 'c', '2026-03-01 10:00:00', 2.5)""")
        shop.execute('create table "my.table" (id text primary key, "select" text)')
        shop.execute("""insert into "my.table" values ('a', 'b')""")
    shop.close()
    new_source(project.settings, "people", f"sqlite:///{beside}/shop.sqlite", is_tried=False)
    text = (project.root / "connectors/sources/people.yml").read_text()
    assert "{root}" not in text and str(beside) in text
    entries = pull(project.settings, DAY, ["people"])["sources"]
    assert [(e["table"], e["rows_landed"], e.get("error")) for e in entries] == [
        ("order_no", 1, None),
        ("my_table", 1, None),
    ]


def test_lines_alone_give_orders_people_and_products(project):
    rows = "".join(f"{i // 2},P{i % 7},Lamp,{1 + i % 3},2.50,2026-01-0{1 + i % 9},{i // 4},Kenya\n" for i in range(60))
    project.data(
        "InvoiceNo,StockCode,Description,Quantity,UnitPrice,InvoiceDate,CustomerID,Country\n" + rows, "lines.csv"
    )
    result = understood(project, project.home / "in")
    assert result["entities"] == {"lines": "order_lines, orders, people, products"}


def test_the_entities_are_those_of_the_dbt_project():
    text = (ROOT / "dbt_project/macros/entities.sql").read_text()
    for entity, columns in ENTITIES.items():
        body = re.search(rf"'{entity}': {{(.*?)}}", text, re.S)
        assert body, entity
        assert set(re.findall(r"'(\w+)':", body[1])) - {"person_ref"} == set(columns)
