"""Of what a SELECT's columns are made: hand-written statements whose answer is known."""

import pytest

from core.column_lineage.statement import analyse

TABLES = {
    "raw.people": ["id", "email", "born", "seen_at"],
    "raw.leads": ["lead_id", "mail", "made_at"],
    "raw.orders": ["order_id", "person", "total", "status"],
    "identity.people": ["person_id", "record_id"],
}


def value_of(sql, column, engine="duckdb"):
    """What its value is made of, without what only chooses it."""
    origins = analyse(sql, engine, TABLES).columns[column]
    return {f"{o.table}.{o.column}": o.kind for o in origins if o.kind != "choice"}


def choice_of(sql, column):
    return {f"{o.table}.{o.column}" for o in analyse(sql, "duckdb", TABLES).columns[column] if o.kind == "choice"}


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.parametrize(
    ("sql", "column", "made_of"),
    [
        ("select email as e from raw.people", "e", {"raw.people.email": "identity"}),
        ('select email from "warehouse"."raw"."people"', "email", {"raw.people.email": "identity"}),
        ("with p as (select * from raw.people), final as (select * from p) select * from final", "born",
         {"raw.people.born": "identity"}),
        ("with p as (select * from raw.people) select p.*, lower(p.email) as small from p", "small",
         {"raw.people.email": "transformation"}),
        ("select email as e from raw.people union all select mail from raw.leads", "e",
         {"raw.people.email": "identity", "raw.leads.mail": "identity"}),
        ("with a as (select id, email from raw.people), b as (select lead_id, mail from raw.leads) "
         "select * from a union all select * from b", "email", {"raw.people.email": "identity",
                                                                "raw.leads.mail": "identity"}),
        ("select person, sum(total) as spent from raw.orders group by person", "spent",
         {"raw.orders.total": "aggregation"}),
        ("select person, coalesce(s.spent, 0) as spent from (select person, sum(total) as spent from raw.orders "
         "group by person) as s", "spent", {"raw.orders.total": "aggregation"}),
        ("select (select max(o.total) from raw.orders as o where o.person = p.id) as most from raw.people as p", "most",
         {"raw.orders.total": "aggregation"}),
        ("select id, born from raw.people as a left join raw.leads as l on l.lead_id = a.id", "born",
         {"raw.people.born": "identity"}),
        ("select 1 as one, born from raw.people", "one", {}),
        ("with recursive r as (select id, email from raw.people union all select r.id, l.mail from r "
         "inner join raw.leads as l on l.lead_id = r.id) select * from r", "email",
         {"raw.people.email": "identity", "raw.leads.mail": "identity"}),
        ("select count(*) as n from raw.orders", "n", {"raw.orders.*": "aggregation"}),
        ("with o as (select * from raw.orders) select person, count(*) as n from o group by person", "n",
         {"raw.orders.*": "aggregation"}),
    ],
)  # fmt: skip
def test_a_value_is_made_of(engine, sql, column, made_of):
    assert value_of(sql, column, engine) == made_of


def test_what_chooses_a_value_is_told_apart_from_what_it_is_made_of():
    newest = """with ranked as (
        select email, row_number() over (partition by id order by seen_at desc) as place from raw.people
    ) select case when place = 1 then email end as email, place from ranked"""
    assert value_of(newest, "email") == {"raw.people.email": "transformation"}
    assert choice_of(newest, "email") == {"raw.people.id", "raw.people.seen_at"} == choice_of(newest, "place")
    flagged = "select case when status = 'open' then 1 else 0 end as is_open from raw.orders"
    assert value_of(flagged, "is_open") == {} and choice_of(flagged, "is_open") == {"raw.orders.status"}
    counted = "select count(distinct email) as n from raw.people"
    assert value_of(counted, "n") == {} and choice_of(counted, "n") == {"raw.people.email"}
    best = "select max_by(email, seen_at) as email from raw.people"
    assert value_of(best, "email") == {"raw.people.email": "aggregation"}
    assert choice_of(best, "email") == {"raw.people.seen_at"}


def test_what_decides_the_rows_is_in_no_value():
    sql = """with open_orders as (select * from raw.orders where status = 'open')
        select p.email from raw.people as p inner join open_orders as o on o.person = p.id order by p.seen_at"""
    statement = analyse(sql, "duckdb", TABLES)
    assert statement.deciding == [
        ("raw.orders", "person"), ("raw.orders", "status"), ("raw.people", "id"), ("raw.people", "seen_at"),
    ]  # fmt: skip
    assert [o.column for o in statement.columns["email"]] == ["email"]


def test_a_table_that_nobody_knows_yet_is_still_named():
    assert value_of("select x.new as n from raw.later as x", "n") == {"raw.later.new": "identity"}
