"""`fairlead summary`: what a night did, in a marketer's words. Reads only; the numbers are the marts' and the ledgers' own."""

import json
from datetime import date
from typing import Any

from core.settings import Settings
from core.warehouse import Warehouse, connect


def summary(settings: Settings, day: date) -> dict[str, Any]:
    """{day, ok, sources, people, segments, models, channels, held_back, next_steps} as of `day`; missing parts are empty."""
    with connect(settings) as db:
        return {
            "day": day.isoformat(),
            "ok": True,
            "sources": _if(db, "raw.pulls", SOURCES, [day]),
            "rejects": _if(db, "raw.rejects", REJECTS, [day]),
            "people": _first(_if(db, "marts.profiles", PEOPLE)),
            "segments": _if(db, "marts.segment_membership", SEGMENTS, [day]),
            "models": [_model(row) for row in _if(db, "scores.models", MODELS)],
            "channels": _channels(db, day),
            "held_back": _if(db, "marts.audiences", HELD_BACK),
            "next_steps": _next_steps(db),
        }


SOURCES = """
    select source, sum(rows_in) as rows_in, sum(rows_landed) as landed, sum(rows_rejected) as rejected, sum(rows_unchanged) as unchanged
    from raw.pulls where day = $1 group by source order by source"""
REJECTS = """
    select source, table_name, reason, count(*) as rows from raw.rejects where day = $1 group by 1, 2, 3 order by rows desc, 1, 2, 3 limit 8"""
PEOPLE = """
    select count(*) as people, sum(case when lifecycle = 'customer' then 1 else 0 end) as customers,
        sum(case when lifecycle = 'lead' then 1 else 0 end) as leads, (select count(*) from identity.merges) as merged
    from marts.profiles"""
SEGMENTS = """
    select segment, sum(case when left_day is null then 1 else 0 end) as people,
        sum(case when entered_day = $1 then 1 else 0 end) as entered, sum(case when left_day = $1 then 1 else 0 end) as left_it
    from marts.segment_membership group by segment order by people desc, segment"""
MODELS = """
    select model, version, trained_day, promoted, reasons, metrics, baseline from scores.models order by model, trained_day, version"""
HELD_BACK = """
    select reason, count(*) as people, count(distinct sync) as syncs from marts.audiences
    where not included group by reason order by people desc, reason"""
RUNS = "select detail from ops.runs where step = 'push' and day = $1 and detail is not null order by finished_at desc limit 1"


def _if(db: Warehouse, table: str, sql: str, params: list[Any] | None = None) -> list[dict[str, Any]]:
    """The rows, or none where the table was never built."""
    return db.query(sql, params or []).to_pylist() if db.exists(table) else []


def _first(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return rows[0] if rows else {}


def _model(row: dict[str, Any]) -> dict[str, Any]:
    return row | {key: _loaded(row[key]) for key in ("reasons", "metrics", "baseline")}


def _loaded(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _channels(db: Warehouse, day: date) -> list[dict[str, Any]]:
    """What the day's last push that had anything to say reported, sync by sync."""
    found = _first(_if(db, "ops.runs", RUNS, [day]))
    return _loaded(found.get("detail", "{}")).get("syncs", []) if found else []


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
        "edit dbt_project/models/marts/segments/segment__lapsing_loyal.sql, then `fairlead build --day D` and `fairlead plan --day D`: "
        "see what your change does before anything is sent",
        "fairlead new source NAME --from PATH    your own data: looks at it, proposes the mapping, writes the files",
    ]
