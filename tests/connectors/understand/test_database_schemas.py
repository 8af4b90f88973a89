"""Databases as companies have them: schemas, mixed case, views, partitions, no permission, types of their own."""

from pathlib import Path

import psycopg2
import pymysql
import pytest
import yaml
from sqlalchemy.engine import make_url
from support.little_project import DAY, Project

from connectors.pull import pull
from connectors.understand.looking.databases import Wanted, without_schemas
from connectors.understand.scaffold import new_source
from core.errors import ConfigError

POSTGRES = """
create schema "Shop Data";
create type "Shop Data".state as enum ('paid', 'cancelled');
create table "Shop Data"."Customers" ("CustomerID" serial primary key, "Email" text, created timestamptz, tags text[],
    prefs jsonb, ip inet, photo bytea);
insert into "Shop Data"."Customers" ("Email", created, tags, prefs, ip, photo)
    select 'p' || i || '@example.com', timestamptz '2026-01-01 00:00+02', array['a', 'b c'], '{"a": 1}', '10.0.0.1',
        '\\x00ff' from generate_series(1, 30) as i;
create table "Shop Data".orders (order_id bigint, ordered_at timestamptz, customer_id int, total numeric(12, 2),
    state "Shop Data".state, primary key (order_id, ordered_at)) partition by range (ordered_at);
create table "Shop Data".orders_2026 partition of "Shop Data".orders for values from ('2026-01-01') to ('2027-01-01');
insert into "Shop Data".orders select i, timestamptz '2026-01-01 10:00Z', 1 + i % 30, 10.25, 'paid'
    from generate_series(1, 40) as i;
create table "Shop Data".payroll (id int primary key, amount numeric);
create view "Shop Data".newsletter as select "CustomerID" as customer_id, "Email" as email from "Shop Data"."Customers";
create table public.other_things (id int primary key, name text);
create role reader login;
grant usage on schema "Shop Data" to reader;
grant select on "Shop Data"."Customers", "Shop Data".orders, "Shop Data".newsletter, public.other_things to reader;
"""
MYSQL = """
create database crm; use crm; create table leads (id int primary key, email varchar(100), created_at datetime);
insert into crm.leads select seq, concat('l', seq, '@example.de'), '2026-01-05 10:00:00' from seq_1_to_30;
create database laden character set utf8mb4; use laden; set sql_mode = '';
create table Kunden (KundenNr int unsigned primary key, `E-Mail` varchar(100), Ort varchar(50), Newsletter tinyint(1),
    Geburtsdatum date, Typ enum('privat', 'firma'), extra json, bild blob, notiz varbinary(20), wert bigint unsigned);
insert into Kunden select seq, concat('k', seq, '@example.de'), 'Köln 😀', seq % 2, if(seq % 5 = 0, '0000-00-00',
    '1980-05-05'), 'privat', '{"a": [1]}', x'00ff', 'gut', 18446744073709551615 from seq_1_to_50;
create view offene as select * from Kunden
"""


def postgres_shop(project: Project, postgres: str) -> str:
    with psycopg2.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = 'reader'")
        if not cursor.fetchone():
            cursor.execute(POSTGRES)
    connection.close()
    return postgres.replace("//fairlead@", "//reader@")


@pytest.mark.postgres
def test_a_foreign_postgres_is_understood_and_what_was_not_read_is_told(project: Project, postgres: str) -> None:
    url = postgres_shop(project, postgres)
    result = new_source(project.settings, "shop", url, is_tried=False)
    assert result["entities"] == {"shop_data_customers": "people", "shop_data_orders": "orders"}
    tables = {t["table"]: t["rows"] for t in result["tables"]}
    assert tables == {"other_things": 0, "shop_data_customers": 30, "shop_data_orders": 40}, "no partition twice"
    told = {d["table"]: d["doubt"] for d in result["doubts"]}
    assert "permission denied" in told["Shop Data.payroll"] and "Shop Data.newsletter" in told[""]
    assert any(j["share"] == 1 and j["to"] == "shop_data_customers.customer_id" for j in result["joins"])
    pulled = {e["table"]: e for e in pull(project.settings, DAY, ["shop"])["sources"]}
    assert pulled["shop_data_customers"]["rows_landed"] == 30 and pulled["shop_data_orders"]["rows_landed"] == 40
    row = project.rows("select created, tags, prefs, ip, photo from raw.shop__shop_data_customers limit 1")[0]
    assert str(row["created"]) == "2025-12-31 22:00:00" and row["tags"] == '{a,"b c"}' and row["photo"] == "\\x00ff"


@pytest.mark.postgres
@pytest.mark.parametrize("way", ["option", "?schema=Shop%20Data", "?options=-csearch_path%3D%22Shop%20Data%22"])
def test_a_schema_that_is_named_is_looked_into_alone(project: Project, postgres: str, way: str) -> None:
    url, wanted = postgres_shop(project, postgres), Wanted()
    if way == "option":
        wanted = Wanted(("Shop Data",))
    else:
        url += way
    result = new_source(project.settings, "shop", url, is_tried=False, wanted=wanted)
    assert {t["table"] for t in result["tables"]} == {"customers", "orders"}
    spec = yaml.safe_load(Path(project.root / "connectors/sources/shop.yml").read_text())
    assert spec["tables"]["customers"]["table"] == "Shop Data.Customers" and "?" not in spec["defaults"]["url"]
    assert all("error" not in e for e in pull(project.settings, DAY, ["shop"])["sources"])


@pytest.mark.postgres
def test_a_view_is_looked_at_where_it_is_named_and_a_wrong_name_is_answered(project: Project, postgres: str) -> None:
    url = postgres_shop(project, postgres)
    result = new_source(project.settings, "shop", url, is_tried=False, write=False, wanted=Wanted((), ("NEWS*",)))
    assert [t["table"] for t in result["tables"]] == ["shop_data_newsletter"]
    with pytest.raises(ConfigError, match=r"has none of that name. It has: .*Shop Data"):
        new_source(project.settings, "shop", url, wanted=Wanted(("sales",)))
    with pytest.raises(ConfigError, match=r"nothing there is called so. There are: other_things"):
        new_source(project.settings, "shop", url, wanted=Wanted((), ("nope",)))


def test_a_foreign_mysql_is_understood_with_its_bytes_and_zero_dates(project: Project, mariadb: str) -> None:
    port = make_url(mariadb).port
    connection = pymysql.connect(host="127.0.0.1", port=port or 0, user="fairlead", password="secret")
    with connection, connection.cursor() as cursor:
        for statement in MYSQL.split(";\n"):
            for one in statement.split("; "):
                cursor.execute(one)
        connection.commit()
    url = mariadb.replace("/shop", "/laden")
    project.settings_given = {"sources": {"laden": {"url": url}}}
    result = new_source(project.settings, "laden", url, is_tried=False)
    assert result["entities"]["kunden"].startswith("people") and len(result["tables"]) == 1
    told = " ".join(d["doubt"] for d in result["doubts"])
    assert "views were not looked at: offene" in told and "databases beside it were not looked at: crm" in told
    assert pull(project.settings, DAY, ["laden"])["sources"][0]["rows_landed"] == 50
    assert project.rows("select ort, bild, notiz, wert, extra from raw.laden__kunden limit 1") == [
        {"ort": "Köln 😀", "bild": "\\x00ff", "notiz": "gut", "wert": "18446744073709551615", "extra": '{"a": [1]}'}
    ]
    assert project.rows("select count(geburtsdatum) as n from raw.laden__kunden") == [{"n": 40}]
    everything = new_source(project.settings, "all", url.replace("/laden", ""), is_tried=False, write=False)
    assert {"crm_leads", "laden_kunden"} <= {t["table"] for t in everything["tables"]}


def test_schemas_in_an_address_are_taken_off_it_and_other_options_stay() -> None:
    assert without_schemas("postgresql://h/d?sslmode=require&schema=a,b") == (
        "postgresql://h/d?sslmode=require", ("a", "b"),
    )  # fmt: skip
    assert without_schemas("sqlite:///a?schema=b") == ("sqlite:///a?schema=b", ())


def test_a_schema_of_files_is_refused(project: Project) -> None:
    project.data("id,email\n1,a@example.com\n", "people.csv")
    with pytest.raises(ConfigError, match="go with a database's address"):
        new_source(project.settings, "x", str(project.home / "in"), wanted=Wanted(("a",)))
