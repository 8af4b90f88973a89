"""`fairlead summary`: what a night did, in a marketer's words.

Reads only; the numbers are the marts' and the ledgers' own.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from core.clock import today
from core.settings import Settings
from core.warehouse import Warehouse, connect
from insight.ahead import ahead, notices
from insight.emptiness import why_empty


def summary(
    settings: Settings,
    day: date,
    places: list[dict[str, Any]] | None = None,
    resting: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """{day, ok, sources, people, segments, models, channels, held_back, emptied, ahead, orphans, next_steps} as of
    `day`.

    Missing parts are empty.

    places   the syncs whose place somebody has emptied, for they are seen from outside the warehouse only
    resting  those whose channel cannot be used, with people there who have withdrawn
    """
    days_ahead = notices(ahead(settings, today(settings)))
    with connect(settings) as db:
        return {
            "day": day.isoformat(),
            "ok": True,
            "sources": _if(db, "raw.pulls", SOURCES, [day]),
            "rejects": _if(db, "raw.rejects", REJECTS, [day]),
            "consents": _if(db, "marts.consent_quality", CONSENTS),
            "people": _first(_if(db, "marts.profiles", PEOPLE)),
            "segments": _segments(db, settings, day),
            "models": [_model(row) for row in _if(db, "scores.models", MODELS, [day])],
            "channels": _if(db, "activation.runs", CHANNELS, [day]),
            "held_back": _if(db, "marts.audiences", HELD_BACK),
            "emptied": places or [],
            "ahead": days_ahead,
            "orphans": _if(db, "activation.sync_files", ORPHANS) + (resting or []),
            "next_steps": _next_steps(db),
        }


SOURCES = """
    select source, sum(rows_in) as rows_in, sum(rows_landed) as landed, sum(rows_rejected) as rejected,
        sum(rows_unchanged) as unchanged
    from raw.pulls where day = $1 group by source order by source"""
REJECTS = """
    select source, table_name, reason, count(*) as rows from raw.rejects where day = $1 group by 1, 2, 3
    order by rows desc, 1, 2, 3 limit 8"""
CONSENTS = "select source, kind, statements from marts.consent_quality where statements > 0 order by source, kind"
PEOPLE = """
    select count(*) as people, sum(case when lifecycle = 'customer' then 1 else 0 end) as customers,
        sum(case when lifecycle = 'lead' then 1 else 0 end) as leads,
        (select cast(sum(records) as bigint) from identity.people) as records,
        (select count(*) from identity.person_identifiers) as identifiers
    from marts.profiles"""
SEGMENTS = """
    select s.segment,
        sum(case when m.entered_day <= $1 and (m.left_day is null or m.left_day > $1) then 1 else 0 end) as people,
        sum(case when m.entered_day = $1 then 1 else 0 end) as entered,
        sum(case when m.left_day = $1 then 1 else 0 end) as left_it
    from (select distinct segment from marts.segment_sizes) as s
    left join marts.segment_membership as m on m.segment = s.segment
    group by s.segment order by people desc, s.segment"""
NEWEST_DAY = "select max(day) as day from marts.segment_days"
MODELS = """
    select model, version, trained_day, promoted, reasons, metrics, baseline from (
        select *, row_number() over (partition by model order by trained_day desc, promoted desc, version) as newest
        from scores.models where trained_day <= $1) as versions
    where newest = 1 order by model"""
HELD_BACK = """
    select reason, count(*) as people, count(distinct sync) as syncs from marts.audiences
    where not included group by reason order by people desc, reason"""
ORPHANS = """
    select d.sync, f.channel, count(*) as people from activation.delivered as d
    left join activation.sync_files as f on f.sync = d.sync left join activation.syncs as s on s.sync = d.sync
    where d.delivered_hash is not null and coalesce(f.takes_back, d.payload is not null) and s.sync is null
    group by d.sync, f.channel order by d.sync"""  # people on a channel whose sync file is gone
RANKING = ("auc", "gini", "spearman")  # the first that a model reports is the one its promotion rests on
CHANNELS = """
    with runs as (
        select sync, sum(rejected) as rejected, sum(in_doubt) as in_doubt, sum(skipped) as skipped, max(error) as error
        from activation.runs where day = $1 group by sync),
    moved as (
        select d.sync, sum(case when d.op = 'add' then 1 else 0 end) as added,
            sum(case when d.op = 'update' then 1 else 0 end) as updated,
            sum(case when d.op = 'remove' then 1 else 0 end) as removed
        from activation.delivered as d inner join activation.runs as r on r.run_id = d.run_id and r.sync = d.sync
        where r.day = $1 and d.status in ('delivered', 'removed') group by d.sync)
    select s.sync, s.channel, coalesce(moved.added, 0) as added, coalesce(moved.updated, 0) as updated,
        coalesce(moved.removed, 0) as removed, coalesce(runs.rejected, 0) as rejected,
        coalesce(runs.skipped, 0) as skipped,
        case when not s.enabled then 'switched off' when runs.sync is null then 'not pushed'
            else coalesce(runs.error, 'done') end as said
    from activation.syncs as s
    left join runs on runs.sync = s.sync left join moved on moved.sync = s.sync order by s.sync"""


def _if(db: Warehouse, table: str, sql: str, params: list[Any] | None = None) -> list[dict[str, Any]]:
    """The rows, or none where the table was never built."""
    rows = db.query(sql, params or []).to_pylist() if db.exists(table) else []
    return [{k: int(v) if isinstance(v, Decimal) else v for k, v in row.items()} for row in rows]  # sums of counts


def _segments(db: Warehouse, settings: Settings, day: date) -> list[dict[str, Any]]:
    """Every segment, also those that are empty, with the reason, as of the newest day that is built."""
    rows = _if(db, "marts.segment_sizes", SEGMENTS, [day])
    if _first(_if(db, "marts.segment_days", NEWEST_DAY)).get("day") != day:
        return rows
    return [row if row["people"] else {**row, "why_empty": why_empty(db, settings, row["segment"])} for row in rows]


def _first(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return rows[0] if rows else {}


def _model(row: dict[str, Any]) -> dict[str, Any]:
    """One model, with the figure that decides: how well it ranks, beside its rule of thumb."""
    model = row | {key: _loaded(row[key]) for key in ("reasons", "metrics", "baseline")}
    figure = next((f for f in RANKING if f in (model["metrics"] or {})), None)
    return model | {
        "figure": figure,
        "value": (model["metrics"] or {}).get(figure),
        "rule": (model["baseline"] or {}).get(figure),
    }


def _loaded(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _next_steps(db: Warehouse) -> list[str]:
    """Three things worth trying, each a command that works on what is there now."""
    someone = _first(
        _if(
            db,
            "marts.audiences",
            "select person_id from marts.audiences where included order by sync, person_id limit 1",
        )
    )
    person = someone.get("person_id", "PERSON")
    return [
        f"fairlead why {person}    who this is, why they are in an audience, what we may send",
        "edit dbt_project/models/marts/segments/segment__lapsing_loyal.sql, then `fairlead build --day D` and"
        " `fairlead plan --day D`: see what your change does before anything is sent",
        "fairlead new source NAME --from PATH    your own data: looks at it, proposes the mapping, writes the files",
    ]
