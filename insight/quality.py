"""`fairlead quality`: how good the data is, source by source, and what needs a steward. Reads only."""

from datetime import date
from typing import Any

from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import Warehouse, connect

Rows = list[dict[str, Any]]
SHARES = ("completeness", "validity", "uniqueness", "consistency", "timeliness")
WORST = 15  # fields shown as the worst; --json has every measure
TREND_DAYS = 60
BUILD_FIRST = "No data quality was measured{}. `fairlead build --day D` measures it, after `fairlead resolve --day D`."


def quality(settings: Settings, day: date | None, source: str | None = None, examples: bool = False) -> dict[str, Any]:
    """{day, ok, sources, alarms, worst, findings, measures, trends}: of `day`, or of the last that was measured.

    examples   findings come with what a source said and what it was cleaned to
    Raises     ConfigError where that day was not measured, or no such source was
    """
    with connect(settings) as db:
        measured = _day(db, day)
        rows = db.query("select * from marts.data_quality where day = $1", [measured]).to_pylist()
        if source is not None:
            rows = [row for row in rows if row["source"] == source]
            if not rows:
                raise ConfigError(f"No source {source} was measured on {measured}: it has no rows, or another name.")
        alarms = db.query("select * from marts.quality_alarms where day = $1", [measured]).to_pylist()
        alarms = [row for row in alarms if source in (None, row["source"])]
        return {
            "day": measured.isoformat(), "ok": True, "sources": _sources(rows), "alarms": sorted(alarms, key=_place),
            "worst": _worst(rows), "findings": _findings(db, source, examples),
            "measures": sorted(rows, key=_place), "trends": _trends(db, measured, source),
        }  # fmt: skip


def alarm_lines(settings: Settings, day: date) -> list[str]:
    """The alarms of a day in words, for whoever is told; none where nothing was measured."""
    with connect(settings) as db:
        if not db.exists("marts.quality_alarms"):
            return []
        alarms = db.query("select * from marts.quality_alarms where day = $1", [day]).to_pylist()
    return [in_words(alarm) for alarm in sorted(alarms, key=_place)]


def in_words(alarm: dict[str, Any]) -> str:
    """`shop: people.phone: completeness 50.0 %, 90.0 % before`."""
    field = "" if alarm["field"] == "*" else f".{alarm['field']}"
    bound = "before" if alarm["rule"] == "drop" else "at most" if alarm["measure"] == "staleness" else "at least"
    value, expected = (figure(alarm["measure"], alarm[name]) for name in ("value", "expected"))
    wanted = f"{expected} before" if bound == "before" else f"{bound} {expected} wanted"
    return f"{alarm['source']}: {alarm['entity']}{field}: {alarm['measure']} {value}, {wanted}"


def figure(measure: str, value: float) -> str:
    return f"{value:.0f} days" if measure == "staleness" else f"{value:.1%}".replace("%", " %")


def _day(db: Warehouse, day: date | None) -> date:
    if not db.exists("marts.data_quality"):
        raise ConfigError(BUILD_FIRST.format(""))
    condition, given = (" where day = $1", [day]) if day else ("", [])
    newest = db.query(f"select max(day) as day from marts.data_quality{condition}", given)["day"][0].as_py()
    if newest is None:
        raise ConfigError(BUILD_FIRST.format(f" on {day}" if day else ""))
    return date.fromisoformat(str(newest))


def _place(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("source", "entity", "field", "measure"))


def _sources(rows: Rows) -> Rows:
    """One row a source and entity: completeness and validity are means of its fields, the others the worst."""
    grouped: dict[tuple[str, str], dict[str, list[float]]] = {}
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        place = (row["source"], row["entity"])
        grouped.setdefault(place, {}).setdefault(row["measure"], []).append(row["value"])
        counts[place] = max(counts.get(place, 0), row["judged"])
    out = []
    for (source, entity), measures in sorted(grouped.items()):
        # a field that a source does not have is not a fault of its data
        filled = [value for value in measures.get("completeness", []) if value > 0]
        summed = {"completeness": sum(filled) / len(filled) if filled else None}
        summed |= {name: min(measures[name]) if name in measures else None for name in SHARES[1:]}
        age = measures.get("staleness")
        out.append({"source": source, "entity": entity, "rows": counts[source, entity], **summed,
                    "staleness": int(age[0]) if age else None})  # fmt: skip
    return out


def _worst(rows: Rows) -> Rows:
    """Fields by the rows that do not pass, of what is not merely left empty."""
    judged = [row for row in rows if row["measure"] in SHARES[1:] and row["value"] < 1]
    wrong = [row | {"wrong": round(row["judged"] * (1 - row["value"]))} for row in judged]
    return sorted(wrong, key=lambda row: (row["value"], -row["wrong"], _place(row)))[:WORST]


def _findings(db: Warehouse, source: str | None, examples: bool) -> Rows:
    """What cleansing did, by source, column and flag."""
    if not (db.exists("identity.cleansing_findings") and db.exists("intermediate.int_people__stated")):
        return []
    shown = ", min(f.stated) as example, min(f.cleaned) as cleaned, min(f.suggestion) as suggestion" if examples else ""
    condition, given = ("where r.source = $1", [source]) if source else ("", [])
    return db.query(
        f"""select r.source, f.column_name, f.flag, f.effect, count(*) as records{shown}
        from identity.cleansing_findings f inner join intermediate.int_people__stated r on r.record_id = f.record_id
        {condition} group by 1, 2, 3, 4 order by records desc, 1, 2, 3""",
        given,
    ).to_pylist()


def _trends(db: Warehouse, day: date, source: str | None) -> dict[str, list[float]]:
    """Entity and measure of each source -> its values of the last days, oldest first."""
    condition = " and source = $2" if source else ""
    rows = db.query(
        f"""select source, entity, measure, day, avg(value) as value from marts.data_quality
        where day <= $1{condition} and (measure <> 'completeness' or value > 0)
        group by source, entity, measure, day order by source, entity, measure, day""",
        [day, source] if source else [day],
    ).to_pylist()
    trends: dict[str, list[float]] = {}
    for row in rows:
        trends.setdefault(f"{row['source']}.{row['entity']}.{row['measure']}", []).append(round(row["value"], 6))
    return {name: values[-TREND_DAYS:] for name, values in trends.items()}
