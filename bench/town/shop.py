"""The sample shop as records with truth: written, pulled and resolved as a company would, with and without a model."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

import people.linkage.jobs
import sample_shop
from bench.town.kinds import by_kind
from bench.town.measures import clusters, exact_edges, scores
from cli.data import resolve_people
from connectors import pull
from core.settings import Settings, load_settings
from core.warehouse import connect

SHOP = "sample_shop"
FIRST_DAY, LATE_FIRST_DAY = date(2024, 9, 30), date(2026, 2, 1)
LAST_DAY = date(2026, 3, 28)  # the day before a till shows an hour that never was, in a small shop too many of its rows
KEYS, MOST = ("strong_id", "email", "phone"), 50
RECORDS = """
    select r.*, p.person_id
    from intermediate.int_people__records as r
    inner join identity.record_people as p on r.record_id = p.record_id
    order by r.record_id"""
# whose each record is: of an address at which several registered, nobody's
HUMANS = """
    with cards as (
        select c.loyalty_card, w.human_id
        from raw.sample_shop__customers as c
        inner join who_is_who as w on w."table" = 'customers' and w.key = c.customer_id
    ), named as (
        select 'sample_shop:customer:' || key as record_id, human_id from who_is_who where "table" = 'customers'
        union all
        select 'sample_shop:lead:' || key, human_id from who_is_who where "table" = 'leads'
        union all
        select distinct 'sample_shop:till:' || trim(t.loyalty_card) || ':' || t.email__normalised, cards.human_id
        from raw.sample_shop__till_lines as t
        inner join cards on cards.loyalty_card = trim(t.loyalty_card)
        where t.email__normalised is not null
        union all
        select 'sample_shop:registrant:' || r.email__normalised, w.human_id
        from raw.sample_shop__registrations as r
        inner join who_is_who as w on w."table" = 'registrations' and w.key = r.registration_id
        where r.email__normalised is not null
    )
    select record_id, min(human_id) as human_id from named group by record_id having count(distinct human_id) = 1"""


def measure(folder: Path, size: int, seed: int, has_model: bool = True) -> dict[str, Any]:
    """Figures of one seed's shop of `size` humans: a shared identifier alone, `resolve`, and `resolve` with a model.

    has_model   without one, two months are enough
    """
    first_day = FIRST_DAY if has_model else LATE_FIRST_DAY
    settings = load_settings(home=folder, warehouse={"threads": 2})
    sample_shop.write(folder, people=size, seed=seed, first_day=first_day, events_per_person=0, mails_per_person=0)
    pull.ensure(settings)
    answer = pull.pull(settings, LAST_DAY, [SHOP], first_day)
    if not answer["ok"]:
        raise RuntimeError(f"the sample shop was not pulled: {answer}")
    records, human, truth = _resolved(settings)
    exact = clusters(len(human), *exact_edges([_codes(records, key) for key in KEYS], MOST))
    figures = {"records": len(human), "humans": len(np.unique(human)), "exact_keys": scores(human, exact),
               "resolve": _scores(records, human, truth)}  # fmt: skip
    if has_model:
        people.linkage.jobs.train(settings, LAST_DAY)
        records, human, truth = _resolved(settings)
        figures["resolve_with_model"] = _scores(records, human, truth)
    return figures


def _resolved(settings: Settings) -> tuple[pa.Table, np.ndarray, duckdb.DuckDBPyConnection]:
    """Records with their person_id, which human each is, and a connection that knows the truth."""
    answer = resolve_people(settings, LAST_DAY)
    if not answer["ok"]:
        raise RuntimeError(f"people were not resolved: {answer}")
    truth = duckdb.connect()
    for name in ("who_is_who", "humans", "shared"):
        truth.execute(f"create table {name} as from read_parquet('{settings.home}/sample_truth/{name}.parquet')")
    with connect(settings) as db:
        records = db.query(RECORDS)
        truth.execute("create schema raw")
        for table in ("customers", "till_lines", "registrations"):
            rows = db.query(f"select * from raw.{SHOP}__{table}")
            truth.register("rows_of_table", rows)
            truth.execute(f"create table raw.{SHOP}__{table} as from rows_of_table")
    truth.register("all_records", records)
    known = truth.execute(f"select a.*, h.human_id from all_records a join ({HUMANS}) h using (record_id)"
                          " order by record_id").to_arrow_table()  # fmt: skip
    return known, known["human_id"].to_numpy(), truth


def _scores(records: pa.Table, human: np.ndarray, truth: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return scores(human, _codes(records, "person_id")) | by_kind(records, truth)


def _codes(records: pa.Table, column: str) -> np.ndarray:
    return np.asarray(records[column].combine_chunks().dictionary_encode().indices.fill_null(-1))
