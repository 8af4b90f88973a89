"""`fairlead new source` writes what can be pulled at once, from what it sees."""

import sqlite3
import time
from datetime import date, timedelta

import pytest
import yaml

from connectors.pull import pull
from connectors.understand.scaffold import new_source
from core.clock import today
from core.errors import ConfigError

DAY = date(2026, 3, 2)


def test_a_folder_of_daily_files_becomes_tables_and_staging_models(project):
    rows = "".join(f"{i};Ann{i};P{i}@example.com;0{i}123;{i % 2};2026-03-0{i % 2 + 1} 10:00:00\n" for i in range(1, 60))
    header = "Customer ID;First Name;E-Mail;Postcode;Points;Updated At\n"
    project.data((header + rows).encode("windows-1252"), f"drop/customers-{DAY}.csv")
    project.data(header.encode("windows-1252"), f"drop/customers-{DAY - timedelta(1)}.csv")
    project.data('{"eventId": "e1", "event": "page_viewed", "anonymousId": "a", "timestamp": "2026-03-01T10:00:00Z",'
                 ' "context": {"page": {"url": "https://x.example/"}}}\n', f"drop/web/events-{DAY}.jsonl")  # fmt: skip
    result = new_source(project.settings, "drop", str(project.home / "in" / "drop"))
    spec = yaml.safe_load((project.root / "connectors/sources/drop.yml").read_text())
    customers = spec["tables"]["customers"]
    assert result["entities"] == {"customers": "people", "events": "events"}
    assert spec["defaults"] == {"path": "{home}/in/drop"} and customers["pattern"] == "customers-{day}.csv"
    assert customers["delimiter"] == ";" and customers["key"] == ["customer_id"] and customers["cursor"] == "updated_at"
    assert customers["columns"]["e_mail"] == {"type": "text", "from": "E-Mail", "identifier": "email"}
    assert customers["columns"]["postcode"]["type"] == "text" and customers["columns"]["points"]["type"] == "integer"
    sql = (project.root / "dbt_project/models/staging/drop/stg_drop__people.sql").read_text()
    assert "e_mail__normalised as email" in sql and "{{ id_ref('drop_customer', 'customer_id') }} as person_ref" in sql
    assert "context_page_url" in (project.root / "dbt_project/models/staging/drop/stg_drop__events.sql").read_text()
    assert spec["tables"]["events"]["pattern"] == "web/events-*.jsonl"  # one file: whatever comes next is read too
    row_counts = {r["table"]: r["rows_landed"] for r in pull(project.settings, DAY, ["drop"])["sources"]}
    assert row_counts == {"customers": 59, "events": 1}


def test_a_database_becomes_tables_with_their_keys_and_no_password_in_the_file(project):
    with sqlite3.connect(project.home / "shop.sqlite") as shop:
        shop.execute("create table products (sku text primary key, title text, price real, stock integer)")
        shop.execute("insert into products values ('a', 'Lamp', 3.5, 2)")
        shop.execute(
            "create table orders (order_id integer primary key, customer_id text, email text, total real, order_date "
            "text, currency text)"
        )
        shop.execute("insert into orders values (1, 'c1', 'a@example.com', 9.5, '2026-03-01 10:00:00', 'GBP')")
    shop.close()
    result = new_source(project.settings, "shop", f"sqlite:///{project.home}/shop.sqlite")
    assert result["entities"] == {"products": "products", "orders": "orders, people"}
    spec = yaml.safe_load((project.root / "connectors/sources/shop.yml").read_text())
    assert spec["defaults"] == {"url": "sqlite:///{home}/shop.sqlite"} and spec["tables"]["products"]["key"] == ["sku"]
    sql = (project.root / "dbt_project/models/staging/shop/stg_shop__orders.sql").read_text()
    assert (
        "coalesce({{ id_ref('shop_customer', 'customer_id') }}, {{ email_ref('email__normalised') }}) as person_ref"
        in sql
    )
    assert all(r["rows_landed"] == 1 for r in pull(project.settings, DAY, ["shop"])["sources"])


def test_a_file_of_sqlite_is_answered_with_its_address(project):
    sqlite3.connect(project.home / "shop.sqlite").execute("create table a (b)").connection.close()
    with pytest.raises(ConfigError, match=r"--from sqlite:///.*shop\.sqlite"):
        new_source(project.settings, "shop", f"{project.home}/shop.sqlite")


def test_a_skeleton_leaves_nothing_behind_when_it_is_replaced(project):
    project.data("thing,colour\nx,red\ny,blue\n", "oddities.csv")
    new_source(project.settings, "odd", str(project.home / "in"), is_tried=False)
    folder = project.root / "dbt_project/models/staging/odd"
    assert (folder / "stg_odd__oddities.sql").is_file()
    assert "stg_odd__oddities" not in (folder / "_odd.yml").read_text()


def test_nothing_is_overwritten_and_nothing_is_made_of_nothing(project):
    project.data("a,b\n1,2\n", "one.csv")
    new_source(project.settings, "one", str(project.home / "in" / "one.csv"))
    before = (project.root / "connectors/sources/one.yml").read_text()
    with pytest.raises(ConfigError, match="there already"):
        new_source(project.settings, "one", str(project.home / "in" / "one.csv"))
    assert (project.root / "connectors/sources/one.yml").read_text() == before
    with pytest.raises(ConfigError, match="nothing there"):
        new_source(project.settings, "two", str(project.home / "nowhere"))
    with pytest.raises(ConfigError, match="cannot be a name"):
        new_source(project.settings, "Two Words", str(project.home / "in"))
    (project.home / "empty.sqlite").write_bytes(b"")
    with pytest.raises(ConfigError):
        new_source(project.settings, "empty", f"sqlite:///{project.home}/empty.sqlite")


def test_consents_carry_every_identifier_of_their_row_and_no_time_where_the_data_has_none(project):
    rows = "".join(f"{i},r{i}@example.com,+4474001230{i:02},email,marketing,granted\n" for i in range(20))
    project.data("subscriber_no,email,phone,channel,purpose,status\n" + rows, "readers.csv")
    result = new_source(project.settings, "readers", str(project.home / "in" / "readers.csv"))
    assert result["entities"] == {"readers": "consents"}
    sql = (project.root / "dbt_project/models/staging/readers/stg_readers__consents.sql").read_text()
    assert "email__normalised as email," in sql and "phone__normalised as phone," in sql and "occurred_at" not in sql


def test_messages_that_know_people_by_telephone_alone_are_no_e_mails(project):
    rows = "".join(f"e{i},m{i},+4474001231{i:02},unsubscribe,2026-03-01T10:00:00Z\n" for i in range(20))
    project.data("event_id,message_id,phone,event,timestamp\n" + rows, "stops.csv")
    result = new_source(project.settings, "stops", str(project.home / "in" / "stops.csv"))
    assert result["entities"] == {"stops": "messages"}
    sql = (project.root / "dbt_project/models/staging/stops/stg_stops__messages.sql").read_text()
    assert "'sms' as channel,  -- assumed" in sql and "phone__normalised as phone," in sql


@pytest.mark.parametrize(
    ("words", "encoding"),
    [("José Peña,Hélène,Łódź", "cp1252"), ("Hélène,\x81,Peña", "latin-1")],
    ids=["cp1252", "latin-1"],
)
def test_a_file_that_does_not_tell_its_encoding_is_proposed_one_in_doubt_with_words_to_judge_by(
    project, words, encoding
):
    text = "id,name\n" + "".join(f"{i},{word}\n" for i, word in enumerate(words.split(",")))
    project.data(text.encode(encoding, "ignore"), "people.csv")
    new_source(project.settings, "doubt", str(project.home / "in" / "people.csv"))
    source_text = (project.root / "connectors/sources/doubt.yml").read_text()
    assert yaml.safe_load(source_text)["tables"]["people"]["encoding"] == encoding
    assert "IN DOUBT" in source_text and "Peña" in source_text and "Hélène" in source_text
    assert pull(project.settings, DAY, ["doubt"])["sources"][0]["rows_landed"] == 3


def test_a_hostile_header_or_file_name_stays_one_comment_and_one_file_and_can_be_pulled(project):
    names = ["a[1].csv", "b*?.csv", "c\ntables: {evil: 1}.csv"]
    for name in names:
        rows = "".join(f'{i},"1,{i}","0{i}/13/2024"\n' for i in range(1, 9))
        project.data('id,"amount\ntables: {evil: 1}","day\u2028x: y"\n' + rows, f"odd [2026]/{name}")
    project.data("id\n9\n", "odd [2026]/bxx.csv")
    new_source(project.settings, "odd", str(project.home / "in" / "odd [2026]"))
    entries = pull(project.settings, DAY, ["odd"])["sources"]
    assert [(e.get("error"), e["rows_in"]) for e in entries] == [(None, 1), (None, 8), (None, 8), (None, 8)]
    new_source(project.settings, "one", str(project.home / "in" / "odd [2026]" / "b*?.csv"))
    assert [e["rows_in"] for e in pull(project.settings, DAY, ["one"])["sources"]] == [8]
    with pytest.raises(ConfigError, match="--from is empty"):
        new_source(project.settings, "none", " ")


@pytest.mark.parametrize("zone", ["XXX+12", "XXX-12"])
def test_the_day_to_pull_is_the_projects_wherever_the_machine_stands(project, monkeypatch, zone):
    """The machine's own zone would move the clock twice: to a day that has not begun, or to yesterday."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        project.data("id,email\n1,a@example.com\n", "here/people.csv")
        result = new_source(project.settings, "here", str(project.home / "in" / "here"), is_tried=False)
        assert f"--day {today(project.settings)}" in result["next"]
    finally:
        monkeypatch.undo()
        time.tzset()
