"""What the command line runs of linkage: a model trained from the warehouse's records and written to the home."""

import time
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core import clock
from core.errors import ConfigError
from core.settings import Settings
from core.tables import Table, ensure
from core.warehouse import connect
from people.linkage import model as models
from people.linkage.blocking import Rule
from people.linkage.links import LINKS
from people.linkage.model import Model
from people.linkage.spec import LinkageSpec, load_identity
from people.tables import compared_records

RECORDS = "intermediate.int_people__records"
IDENTIFIERS = "intermediate.int_people__identifiers"
PROBABLE = "identity.probable_links"
Result = dict[str, Any]


def read_records(settings: Settings) -> pa.Table:
    """All records of today, the warehouse closed again: a linker has memory of its own."""
    with connect(settings) as db:
        if not db.exists(RECORDS):
            raise ConfigError(f"No table {RECORDS}. Run `fairlead build --stage identity` first.")
        return db.query(compared_records(db))


def train(settings: Settings, day: date) -> Result:
    """A new model of who is whom, from the records as of the last build; resolve takes the newest up to its day."""
    from people.linkage.train import train as fit

    started = time.monotonic()
    spec = load_identity(settings)
    if spec is None:
        raise ConfigError("No people/identity.yml: it says how records are compared. Put Fairlead's own back.")
    records = read_records(settings)
    model = fit(records, spec, day, settings)
    model = replace(model, card=model.card | {"limits": _limits(settings, records, day)})
    folder = models.save(model, settings)
    blocking = [rule for rule in model.card["blocking"] if rule["values_left_out"]]
    return {
        "day": day.isoformat(), "ok": True, "version": model.version, "records": model.card["records"],
        "trained_on": ", ".join(f"{name}: {model.card['pairs_of_training_rules'][name]:,}"
                                for name in model.card["trained_on"]),
        "compared": ", ".join(model.card["comparisons"]), "left_out": ", ".join(model.card["left_out"]) or "nothing",
        "limits": model.limits,
        "folder": str(folder.relative_to(settings.home)),
        "capped": [Rule(**rule).notice for rule in blocking],
        "seconds": round(time.monotonic() - started, 3),
    }  # fmt: skip


def _limits(settings: Settings, records: pa.Table, day: date) -> dict[str, Any]:
    """Of each kind of identifier how many humans may share one, as its records have it."""
    from people import graph, limits
    from people.traits import TRAITS, read_traits

    with connect(settings) as db:
        if not db.exists(IDENTIFIERS):
            return {}
        held = db.query("select record_id, identifier, kind, first_seen_day from intermediate.int_people__identifiers")
    read = graph.read(held, (day - date(1970, 1, 1)).days)
    learned = limits.learn(read, read_traits(records.select(TRAITS.names), read.records))
    return {kind: limit.as_dict() for kind, limit in sorted(learned.items())}


def link(settings: Settings, day: date) -> Result:
    """identity.probable_links of the day, before people are resolved; none where no model was trained by then."""
    model = models.newest(settings, day)
    spec = load_identity(settings) if model else None
    if spec is None or model is None:
        _write(settings, LINKS.empty_table())
        return {}
    from people.linkage.nights import links_of_tonight

    links = links_of_tonight(read_records(settings), spec, model, models.folder_of(settings, model), settings)
    _write(settings, links)
    joins = pc.sum(pc.greater_equal(links["probability"], spec.thresholds.join)).as_py() or 0
    result = {"model": model.version, "probable_links": links.num_rows, "of_them_to_review": links.num_rows - joins}
    notice = due(spec, model, day)
    return result | ({"notices": [notice]} if notice else {})


def due(spec: LinkageSpec, model: Model, day: date) -> str:
    """That the model is older than people/identity.yml wants; empty where it is not."""
    days = (day - date(1970, 1, 1)).days - model.trained_days
    if spec.retrain is None or days <= spec.retrain.every_days:
        return ""
    return (
        f"The model of who is whom, {model.version}, is {days} days old; people/identity.yml wants a new one every"
        f" {spec.retrain.every_days}. `fairlead train identity` makes one: look at who moves before the night."
    )


def check(settings: Settings) -> list[Result]:
    """For `fairlead doctor`: whether a model links records, and of when it is. An old one is told and is no fault."""
    spec, model = load_identity(settings), models.newest(settings, clock.today(settings))
    if spec is None:
        return []
    told = {"check": "who is whom", "ok": True, "mend": ""}
    if model is None:
        return [told | {"detail": "no model trained: exact keys alone join", "mend": "fairlead train identity"}]
    notice = due(spec, model, clock.today(settings))
    return [told | {"detail": notice or f"model {model.version}", "mend": "fairlead train identity" if notice else ""}]


def _write(settings: Settings, links: pa.Table) -> None:
    with connect(settings, writer="identity") as db:
        ensure(db, Table(PROBABLE, LINKS))
        db.load(PROBABLE, links, "replace")


def comparison(settings: Settings, record_a: str | None, record_b: str | None) -> Result | None:
    """What `explain` says of two records by the newest model; None of one record, or where there is no model yet."""
    day = clock.today(settings)
    if not record_a or not record_b or record_a == record_b:
        return None
    if load_identity(settings) is None or models.newest(settings, day) is None:
        return None
    with connect(settings) as db:
        if not db.exists(RECORDS):
            return None
        asked = db.query(f"select count(*) as n from {RECORDS} where record_id in ($1, $2)", [record_a, record_b])
    return explain(settings, day, record_a, record_b) if asked["n"][0].as_py() == 2 else None


def explain(settings: Settings, day: date, record_a: str, record_b: str) -> Result:
    """Why two records are, or are not, linked, by the model of the day; `lines` are for a person."""
    from people.linkage.why import compare, lines

    spec, model = load_identity(settings), models.newest(settings, day)
    if spec is None or model is None:
        raise ConfigError("No model of who is whom: exact keys alone join. Run `fairlead train identity` for one.")
    comparison = compare(read_records(settings), record_a, record_b, spec, model, settings)
    return {"ok": True, "version": model.version, **comparison, "lines": lines(comparison)}
