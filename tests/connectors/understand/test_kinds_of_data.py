"""Kinds of data that were read wrongly in silence, or not at all: each as small as shows it."""

import pytest
import yaml

from connectors.understand.scaffold import new_source


def told(project, name="shop"):
    result = new_source(project.settings, name, str(project.home / "in"), is_tried=False)
    staging = project.root / f"dbt_project/models/staging/{name}"
    return result, {p.stem.removeprefix(f"stg_{name}__"): p.read_text() for p in staging.glob("*.sql")}


def spec(project, name="shop"):
    return yaml.safe_load((project.root / f"connectors/sources/{name}.yml").read_text())["tables"]


def doubts(result, word):
    return [d for d in result["doubts"] if word in d["doubt"]]


def keys(result):
    return {table["table"]: table["key"] for table in result["tables"]}


def customers(count, head="customer_id,email"):
    return f"{head}\n" + "".join(f"{i},a{i}@example.com\n" for i in range(1, count + 1))


def orders(count, head="order_id,customer_id,order_date,total", more=lambda i: ""):
    rows = "".join(f"O{i:04},{1 + i % 30},2026-01-{1 + i % 28:02},{i}.50{more(i)}\n" for i in range(1, count + 1))
    return f"{head}\n{rows}"


def test_lines_beside_their_own_numbers_are_no_orders_and_a_state_is_no_status(project):
    head = "Row ID,Order ID,Order Date,Customer ID,State,Product ID,Product Name,Sales,Quantity\n"
    project.data(head + "".join(
        f"{i},CA-{i // 2},2026-01-{1 + i % 28:02},C-{i % 9},Kentucky,P-{i % 5},Chair {i % 5},{i}.25,2\n"
        for i in range(80)
    ), "store.csv")  # fmt: skip
    result, sql = told(project)
    assert {"order_lines", "orders"} <= set(result["entities"]["store"].split(", "))
    assert "group by order_id" in sql["orders"] and "sum({{ money('sales') }})" in sql["orders"]
    assert not doubts(result, "Kentucky")


@pytest.mark.parametrize(
    ("given", "worth"),
    [("0.25", "1 - coalesce(discount, 0)"), ("15", "1 - coalesce(discount, 0) / 100.0"),
     ("17.45", "quantity * unit_price - coalesce(discount, 0)")],
)  # fmt: skip
def test_a_discount_is_taken_off_its_line_by_what_its_values_are(project, given, worth):
    project.data(customers(30), "customers.csv")
    project.data("order_id,customer_id,order_date\n" + "".join(
        f"O{i:04},{1 + i % 30},2026-01-{1 + i % 28:02}\n" for i in range(60)
    ), "orders.csv")  # fmt: skip
    project.data("order_id,product_id,unit_price,quantity,discount\n" + "".join(
        f"O{i:04},P{i % 7},9.50,2,{given if i % 3 == 0 else 0}\n" for i in range(60)
    ), "order_details.csv")  # fmt: skip
    result, sql = told(project)
    assert worth in sql["order_lines"] and doubts(result, "taken off each line")


def test_rows_are_told_apart_by_the_number_that_other_tables_call_them_by_and_by_no_telephone(project):
    project.data("mrn,phone,email,first_name,last_name\n" + "".join(
        f"MRN{i},(415) 555-{1000 + i},a{i}@example.com,Ann,Lee\n" for i in range(40)
    ), "patients.csv")  # fmt: skip
    project.data(
        "invoice_no,mrn,invoice_date,amount\n"
        + "".join(f"I{i},MRN{i % 40},2026-01-{1 + i % 28:02},{i}.50\n" for i in range(90)), "billing.csv"
    )  # fmt: skip
    result, _ = told(project)
    assert keys(result) == {"patients": ["mrn"], "billing": ["invoice_no"]}
    assert [(j["from"], j["to"]) for j in result["joins"]] == [("billing.mrn", "patients.mrn")]


def test_an_amount_that_is_zero_everywhere_is_none_and_others_beside_the_chosen_are_told(project):
    project.data(customers(30), "customers.csv")
    head = "order_id,customer_id,order_date,total_collected,gift_card_sales,net_sales"
    project.data(orders(60, head, lambda i: f",0.00,{i}.00"), "orders.csv")
    result, sql = told(project)
    assert "money('total_collected')" in sql["orders"]
    (beside,) = doubts(result, "beside it stand")
    assert "net_sales (1,830.00)" in beside["doubt"] and "gift_card" not in beside["doubt"]


def test_currencies_are_known_by_their_codes_and_a_code_of_a_state_is_no_region(project):
    head = "contact_id,email,first_name,last_name,statecode\n"
    project.data(head + "".join(f"{i},a{i}@example.com,Ann,Lee,{i % 2}\n" for i in range(40)), "contacts.csv")
    head = "Deal - ID,Deal - Value,Deal - Unit of value,Deal - Status,Deal - Title\n"
    project.data(head + "".join(
        f"{i},{i}50,{['EUR', 'USD'][i % 2]},{['Won', 'Lost', 'Open'][i % 3]},Deal {i}\n" for i in range(60)
    ), "deals.csv")  # fmt: skip
    result, sql = told(project)
    assert (
        "{{ clean('deal_unit_of_value') }} as currency" in sql["deals"]
        and "statecode" not in sql["people"].split("with")[1]
    )
    assert doubts(result, "deals of nobody")[0]["weight"] == "heavy"


def test_a_status_is_read_by_its_label_and_by_its_words(project):
    project.data(customers(30), "customers.csv")
    project.data("id,name\n1,Awaiting payment\n2,Shipped\n3,Cancelled by buyer\n", "order_statuses.csv")
    project.data(
        orders(60, "order_id,customer_id,order_date,total,order_status", lambda i: f",{1 + i % 3}"), "orders.csv"
    )
    result, sql = told(project)
    assert "3" in sql["orders"].split("then 'cancelled'")[0].rpartition("in (")[2] and not doubts(
        result, "no dictionary"
    )
    assert "3 as 'Cancelled by buyer' (cancelled)" in doubts(result, "by its parts or its label")[0]["doubt"]


@pytest.mark.parametrize(
    ("word", "is_cancelled"),
    [("주문취소", True), ("Shipped - Returned to Seller", True), ("odrzucona", True), ("İptal Edildi", True),
     ("Partially refunded", None), ("구매확정 교환완료", False), ("zaksięgowana", None)],
)  # fmt: skip
def test_a_status_that_no_dictionary_has_is_read_by_the_words_in_it(project, word, is_cancelled):
    project.data(customers(30), "customers.csv")
    head = "order_id,customer_id,order_date,total,status"
    project.data(orders(60, head, lambda i: f",{word if i % 4 == 0 else 'shipped'}"), "orders.csv")
    result, sql = told(project)
    cancelled = sql["orders"].split("then 'cancelled'")[0]
    assert (word.replace("İ", "i").lower() in cancelled) == bool(is_cancelled)
    assert bool(doubts(result, "no dictionary has the word")) == (is_cancelled is None)


def test_orders_without_a_status_tell_which_columns_may_be_one(project):
    project.data(customers(30), "customers.csv")
    project.data(
        orders(60, "order_id,customer_id,order_date,total,statkz", lambda i: f",{['ERL', 'STO'][i % 2]}"), "orders.csv"
    )
    result, _ = told(project)
    (doubt,) = doubts(result, "no status")
    assert doubt["weight"] == "heavy" and "statkz is" in doubt["doubt"] and "STO" in doubt["doubt"]


def test_credit_notes_without_a_minus_are_taken_off(project):
    project.data(customers(30), "customers.csv")
    project.data("code,text\nTD01,FATTURA\nTD04,NOTA DI CREDITO\n", "types.csv")
    kinds = lambda i: f",{'TD04' if i % 5 == 0 else 'TD01'}"  # noqa: E731 - a column of a table
    project.data(orders(60, "invoice_no,customer_id,invoice_date,total,doc_type", kinds), "invoices.csv")
    result, sql = told(project)
    assert "in ('td04') then -abs({{ money('total') }})" in sql["orders"] and doubts(result, "12 rows are credit notes")


def test_people_take_their_addresses_from_the_tables_that_hold_them(project):
    rows = "".join(f"{i},{1000 + i},2026-01-02\n" for i in range(1, 41))
    project.data(f"customer_id,person_id,created_at\n{rows}", "customers.csv")
    project.data(
        "entity_id,first_name,last_name\n" + "".join(f"{1000 + i},Ann,Lee\n" for i in range(1, 41)), "persons.csv"
    )
    project.data(
        "entity_id,email\n" + "".join(f"{1000 + i},a{i}@example.com\n" for i in range(1, 41)), "email_addresses.csv"
    )
    result, sql = told(project)
    assert doubts(result, "email of people are taken from email_addresses")
    assert "__email__normalised as email" in sql["people"] and "__first_name') }} as first_name" in sql["people"]


def test_a_title_above_the_header_is_passed_over(project):
    rows = "".join(f"{i};a{i}@example.com;{i},50\n" for i in range(30))
    project.data(f"Report of customers;;\nUntil 31.12.2025;;\n;;\nCustomer No;E-mail;Balance\n{rows}", "customers.csv")
    told(project, "people")
    table = spec(project, "people")["customers"]
    assert table["header_line"] == 4 and set(table["columns"]) == {"customer_no", "e_mail", "balance"}
    assert project.pull()["rows_landed"] == 30
    assert [r["_line"] for r in project.raw("_line", "people__customers")][:2] == [5, 6]


def test_cut_off_names_of_an_old_system_are_understood(project):
    project.data("COPROG|COCLIE|CONOME|COCOGN|COMAIL|COMKTG\n" + "".join(
        f"{i}|{i // 3:06}|ANN|LEE|a{i}@example.it|{'SN'[i % 2]}\n" for i in range(1, 90)
    ), "ANCON00F.txt")  # fmt: skip
    project.data("FTANNO|FTNUME|FTDATA|FTIMPO|FTSTAT|FTCONT\n" + "".join(
        f"{2024 + i // 60}|{1 + i % 60}|2026{1 + i % 12:02}{1 + i % 28:02}|{i},50|EMESSA|{i % 90}\n" for i in range(120)
    ), "FATTE00F.txt")  # fmt: skip
    (project.home / "in" / "ANCON00F.txt").rename(project.home / "in" / "ANCON00F.csv")
    (project.home / "in" / "FATTE00F.txt").rename(project.home / "in" / "FATTE00F.csv")
    result, sql = told(project)
    assert result["entities"] == {"ancon00_f": "people, consents", "fatte00_f": "orders"}
    assert keys(result) == {"ancon00_f": ["coprog"], "fatte00_f": ["ftanno", "ftnume"]}
    assert "money('ftimpo')" in sql["orders"] and result["namespaces"] == {
        "shop_customer": ["ancon00_f.coprog", "fatte00_f.ftcont"]
    }


def test_a_table_of_bookings_that_is_taken_for_its_people_alone_says_so(project):
    head = "hotel,lead_time,arrival_year,arrival_month,adr,name,email\n"
    project.data(head + "".join(
        f"City,{i},2015,May,{80 + i}.5,Ann Lee,a{i}@example.com\n" for i in range(40)
    ), "hotel_bookings.csv")  # fmt: skip
    result, _ = told(project)
    assert result["entities"] == {"hotel_bookings": "people"}
    assert [d["weight"] for d in doubts(result, "ordered_at was not found in it")] == ["heavy"]


def test_an_order_s_amount_on_each_of_its_lines_counts_once_and_an_address_of_all_rows_is_nobody_s(project):
    head = "InvoiceNumber,InvoiceDate,EmailAddress,SoldBy,Total,Description,Quantity,UnitAmount\n"
    project.data(head + "".join(
        f"I{n},2026-01-{1 + n % 28:02},a{n % 20}@example.com,shop@example.com,{n}5.50,Pen,2,{n + line}.25\n"
        for n in range(60) for line in (0, 1)
    ), "invoices.csv")  # fmt: skip
    result, sql = told(project)
    assert set(result["entities"]["invoices"].split(", ")) == {"order_lines", "orders", "people"}
    assert "max({{ money('total') }})" in sql["orders"] and "quantity * unit_amount" in sql["order_lines"]
    assert (
        "email_ref('email_address__normalised')" in sql["orders"] and "sold_by" not in sql["orders"].split("with ")[1]
    )


def test_a_table_of_noes_that_is_taken_for_nothing_is_a_heavy_doubt(project):
    for name in ("optins", "export_b"):
        project.data("email,status,changed_at\n" + "".join(
            f"{name}{i}@example.com,{'granted' if i % 3 else 'withdrawn'},2026-01-{1 + i % 28:02}T10:00:00Z\n"
            for i in range(60)
        ), f"{name}.csv")  # fmt: skip
    result, sql = told(project)
    assert "consents" in sql and "export_b" not in sql["consents"]
    (doubt,) = doubts(result, "may hold noes")
    assert (doubt["table"], doubt["column"], doubt["weight"]) == ("export_b", "status", "heavy")


def test_a_yes_that_is_read_as_a_boolean_is_granted_as_sql_shows_it(project):
    project.data("customer_id,email,signed_up,accepts_marketing\n" + "".join(
        f"{i},a{i}@example.com,2026-01-{1 + i % 28:02},{'yes' if i % 3 else 'no'}\n" for i in range(60)
    ), "customers.csv")  # fmt: skip
    _, sql = told(project)
    assert spec(project)["customers"]["columns"]["accepts_marketing"] == "boolean"
    assert "in ('true', 'yes')" in sql["consents"]
