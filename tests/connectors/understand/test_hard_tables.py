"""What foreign tables hold beside their rows: older copies, tests, drafts, other purposes, words nobody listed."""

import sqlite3

import yaml

from connectors.understand.scaffold import new_source


def told(project, name="shop"):
    result = new_source(project.settings, name, str(project.home / "in"), is_tried=False)
    staging = project.root / f"dbt_project/models/staging/{name}"
    return result, {p.stem.removeprefix(f"stg_{name}__"): p.read_text() for p in staging.glob("*.sql")}


def doubts(result, word):
    return [d for d in result["doubts"] if word in d["doubt"]]


def orders(count, head="order_id,customer_id,total,order_date", first=0):
    rows = "".join(f"{i},c{i % 9},{i}.50,2026-01-{1 + i % 28:02}\n" for i in range(first, first + count))
    return f"{head}\n{rows}"


def test_an_older_copy_of_a_table_is_left_out_and_another_shop_s_orders_are_not(project):
    project.data(orders(60), "orders.csv")
    project.data(orders(40), "old/orders.csv")
    result, _ = told(project)
    assert result["entities"] == {"orders": "orders, people"} and doubts(result, "beside")
    project.data(orders(40).replace("c", "d").replace("dust", "cust").replace("2026", "2025"), "old/orders.csv")
    result, _ = told(project, "second")
    assert set(result["entities"]) == {"orders", "old_orders"}


def test_tests_deleted_rows_and_drafts_are_no_orders(project):
    head = "id,customer_id,total,ordered_at,livemode,deleted_at\n"
    rows = "".join(
        f"{i},c{i % 9},{i}.50,{'' if i % 20 == 0 else '2026-01-02 10:00:00'},{'f' if i % 10 == 1 else 't'},"
        f"{'2026-02-02 10:00:00' if i % 10 == 2 else ''}\n" for i in range(100)
    )  # fmt: skip
    project.data(head + rows, "orders.csv")
    result, sql = told(project)
    for condition in ("coalesce(livemode, true)", "deleted_at is null", "ordered_at is not null"):
        assert condition in sql["orders"]
    assert (
        doubts(result, "10 rows are tests") and doubts(result, "10 rows are deleted") and doubts(result, "5 rows have")
    )


def test_a_history_of_consents_is_read_by_its_words_and_another_purpose_is_none(project):
    project.data("id,email\n" + "".join(f"{i},a{i}@example.com\n" for i in range(30)), "customers.csv")
    head = "id,customer_id,topic,state,changed_at\n"
    project.data(head + "".join(
        f"{i},{i % 30},{['marketing', 'terms_of_use'][i % 2]},{['subscribed', 'unsubscribed'][i % 3 == 0]},2026-01-02\n"
        for i in range(60)
    ), "email_preferences_log.csv")  # fmt: skip
    result, sql = told(project)
    assert result["entities"]["email_preferences_log"] == "consents" and "then 'granted'" in sql["consents"]
    assert "not in ('terms_of_use')" in sql["consents"] and doubts(result, "other purposes")
    assert "= 'withdrawn'{% endif %}" in sql["consents"]


def test_a_mailing_list_is_a_yes_and_a_no_by_their_days(project):
    head = "email,subscribed_on,unsubscribed_on\n"
    project.data(head + "".join(
        f"a{i}@example.com,2026-01-02,{'2026-02-02' if i % 3 == 0 else ''}\n" for i in range(30)
    ), "mailing_list.csv")  # fmt: skip
    result, sql = told(project)
    assert "consents" in result["entities"]["mailing_list"] and doubts(result, "it is a mailing list")
    assert "unsubscribed_on is not null" in sql["consents"] and "'withdrawn' as status" in sql["consents"]


def readers(project):
    head = "E-Mail-Adresse,Name,PLZ,Angemeldet am,Status\n"
    project.data(head + "".join(
        f"a{i}@example.at,Anna Huber{'x' * i},10{i:02},2026-01-02 10:00:00,{'abgemeldet' if i % 3 else 'angemeldet'}\n"
        for i in range(30)
    ), "newsletter.csv")  # fmt: skip


def customers(project):
    rows = "".join(f"{i},b{i}@example.at,Eva,Moser\n" for i in range(40))
    project.data(f"customer_id,email,first_name,last_name\n{rows}", "customers.csv")


def test_a_newsletter_s_list_with_names_is_people_and_what_they_agreed_to(project):
    readers(project)
    result, sql = told(project)
    assert result["entities"] == {"newsletter": "consents, people"} and doubts(result, "both are written")
    assert "as last_name" in sql["people"] and "= 'withdrawn'{% endif %}" in sql["consents"]


def test_a_newsletter_s_list_beside_customers_is_consents_alone_and_told(project):
    readers(project)
    customers(project)
    result, _ = told(project)
    assert result["entities"]["newsletter"] == "consents" and doubts(result, "it may be consents or people")


def test_a_newsletter_s_list_that_is_answered_to_be_people_keeps_its_noes(project):
    readers(project)
    customers(project)
    result = new_source(
        project.settings, "list", str(project.home / "in"), is_tried=False,
        ask=lambda doubts: {d.name: "people" for d in doubts if d.name == "entity:newsletter"},
    )  # fmt: skip
    assert result["answers"] == {"entity:newsletter": "people"} and "consents" in result["entities"]["newsletter"]


def test_a_consent_is_dated_by_the_column_that_says_so_and_unknown_is_no_statement(project):
    head = "klantnr,e_mail,voornaam,nwsbrief,nwsbrief_gewijzigd\n"
    project.data(head + "".join(
        f"{i},a{i}@example.nl,Jan,{['ja', 'nee', 'onbekend'][i % 3]},2026-01-02\n" for i in range(30)
    ), "klanten.csv")  # fmt: skip
    _, sql = told(project)
    assert "nwsbrief_gewijzigd" in sql["consents"].split("occurred_at")[0] and "not in ('onbekend')" in sql["consents"]


def test_leading_zeros_that_a_spreadsheet_took_away_part_nobody_from_their_orders(project):
    project.data("customer_no,email\n" + "".join(f"{i:07},a{i}@example.com\n" for i in range(40)), "customers.csv")
    project.data(
        "order_id,customer_no,total,order_date\n"
        + "".join(f"o{i},{i % 40},{i}.50,2026-01-02\n" for i in range(80)), "orders.csv"
    )  # fmt: skip
    result, sql = told(project)
    assert "ltrim(customer_no, '0')" in sql["orders"] and "ltrim(customer_no, '0')" in sql["people"]
    assert [j["share"] for j in result["joins"]] == [1] and doubts(result, "leading zeros")


def test_tables_of_a_language_that_no_dictionary_has_are_taken_by_their_shape(project):
    project.data("mtabi,elfosta\n" + "".join(f"M{i:03},a{i}@example.ge\n" for i in range(50)), "momkhm.csv")
    project.data(
        "gankar,mtabi,dgge,jami\n"
        + "".join(f"G{i:04},M{i % 50:03},2026-01-{1 + i % 28:02},{10 + i % 7}.50\n" for i in range(90)), "gankargu.csv"
    )  # fmt: skip
    project.data(
        "gankar,sakon,fasi\n" + "".join(f"G{i:04},S{i % 20},{10 + i % 7}.50\nG{i:04},S1,0.00\n" for i in range(90)),
        "strikon.csv",
    )
    result, sql = told(project)
    assert result["entities"] == {"momkhm": "people", "gankargu": "orders", "strikon": "order_lines"}
    assert len(doubts(result, "by its shape alone")) == 3 and "money('jami')" in sql["orders"]
    assert result["namespaces"] == {"shop_customer": ["momkhm.mtabi", "gankargu.mtabi"]}


def test_headers_and_words_in_another_script_are_understood(project):
    project.data("顧客番号,氏名,メールアドレス,メルマガ\n" + "".join(
        f"{i:05},山田 {i},a{i}@example.jp,{['はい', 'いいえ'][i % 2]}\n" for i in range(30)
    ), "顧客.csv")  # fmt: skip
    project.data("注文番号,顧客番号,合計金額,注文日\n" + "".join(
        f"A{i},{i % 30:05},{1000 + i},2026-01-02\n" for i in range(60)
    ), "注文.csv")  # fmt: skip
    result, _ = told(project)
    assert result["entities"] == {"orders": "orders", "people": "people, consents"}
    spec = yaml.safe_load((project.root / "connectors/sources/shop.yml").read_text())["tables"]["orders"]
    assert spec["pattern"] == "注文.csv" and set(spec["columns"]) == {
        "order_key",
        "customer_id",
        "revenue",
        "ordered_at",
    }
    assert result["namespaces"] == {"shop_customer": ["people.customer_id", "orders.customer_id"]}


def test_payments_count_whatever_their_time_is_called_and_bookings_without_money_do_not(project):
    people = "cliente_id,correo\n" + "".join(f"{i},a{i}@example.es\n" for i in range(40))
    project.data(people, "clientes.csv")
    head = "pago_id,cliente_id,importe,estado,cobrado_en\n"
    rows = "".join(f"p{i},{i % 40},{i}.50,completado,2026-01-02 10:00:00\n" for i in range(80))
    project.data(head + rows, "pagos.csv")
    bookings = "".join(f"b{i},{i % 40},2026-01-01 10:00:00\n" for i in range(60))
    project.data("booking_id,cliente_id,booked_at\n" + bookings, "bookings.csv")
    result, sql = told(project)
    assert result["entities"]["pagos"] == "orders" and "bookings" not in result["entities"]
    assert "cobrado_en" in sql["orders"] and doubts(result, "each row of this one counts as one")


def test_a_database_file_is_found_from_wherever_a_command_is_typed(project, monkeypatch):
    project.data("", "nothing.txt")
    with sqlite3.connect(project.home / "in" / "shop.sqlite") as shop:
        shop.execute("create table customers (id integer primary key, email text)")
        shop.execute("insert into customers values (1, 'a@example.com')")
    shop.close()
    monkeypatch.chdir(project.home)
    new_source(project.settings, "shop", "sqlite:///in/shop.sqlite", is_tried=False)
    text = (project.root / "connectors/sources/shop.yml").read_text()
    assert "sqlite:///{home}/in/shop.sqlite" in text


def test_refunds_of_a_table_of_their_own_are_told(project):
    project.data(orders(60), "orders.csv")
    project.data("refund_id,order_id,amount\n" + "".join(f"r{i},{i},1.50\n" for i in range(20)), "refunds.csv")
    result, _ = told(project)
    assert doubts(result, "20 refunds, 30.00 in all, are returns"), "they stand on the day of their order"
    assert doubts(result, "no time of the refunds was found")


def test_refunds_without_an_amount_are_told_and_taken_off_nothing(project):
    project.data(orders(60), "orders.csv")
    project.data("refund_id,order_id,reason\n" + "".join(f"r{i},{i},late\n" for i in range(20)), "refunds.csv")
    result, _ = told(project)
    assert doubts(result, "20 refunds lead to orders and are not taken off (no amount was found)")
    assert result["entities"].get("refunds") is None


def test_refunds_lower_revenue_and_those_that_failed_or_are_of_cancelled_orders_do_not(company):
    rows = [(f"A-{i}", f"c{i % 12}", f"2025-11-{1 + i % 28:02d} 10:00:00", "cancelled" if i % 8 == 0 else "paid", "EUR",
             50 + i, f"w{i % 3}") for i in range(1, 41)]  # fmt: skip
    back = [(f"R{i}", f"A-{i}", f"2025-12-{i:02d} 09:00:00", "failed" if i % 5 == 0 else "succeeded", 5.5)
            for i in range(1, 21)]  # fmt: skip
    head = "order_no,customer_no,order_date,status,currency,total,depot\n"
    company.data(head + "".join(",".join(map(str, row)) + "\n" for row in rows), "orders.csv")
    head = "refund_id,order_no,refunded_at,status,refund_amount\n"
    company.data(head + "".join(",".join(map(str, row)) + "\n" for row in back), "refunds.csv")
    result = new_source(company.settings, "shop", str(company.home / "in"))
    assert result["ok"], result["trial"]["failures"]
    sold = sum(row[5] for row in rows if row[3] == "paid")
    lowered = sum(5.5 for i, row in enumerate(back, 1) if row[3] == "succeeded" and i % 8)
    assert result["trial"]["counts"]["orders"]["sales"] == sold - lowered
    assert result["trial"]["counts"]["orders"]["rows"] == 40 + 16
    staging = (company.root / "dbt_project/models/staging/shop/stg_shop__orders.sql").read_text()
    assert "extra_columns('shop', 'orders')" in staging and "extra_columns('shop', 'orders', empty=true)" in staging
    assert "# " + "extra:" in (company.root / "connectors/sources/shop.yml").read_text()
