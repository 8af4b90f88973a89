"""people/golden_record.yml, the company's own in place of ours, and what dbt gets of it."""

from typing import Any

from core.extras.columns import extras
from core.extras.ours import entities_of
from core.golden.spec import ADDRESSES, GoldenRecord, Known, Survival
from core.project.files import base, files, found
from core.settings import Settings
from core.specs import load_spec

# What a record is, and what the golden record makes of all of a person's records.
NOT_CHOSEN = ("record_id", "person_ref", "company", "lifecycle", "created_at", "updated_at")
BY_RECORD = {"newest", "most_trusted_source", "most_complete"}  # rules by which all fields have one order of records
Unit = dict[str, Any]


def fields_of(settings: Settings, extra: dict[str, str]) -> dict[str, str]:
    """Field -> type of all that survive: the columns of people, and a company's own (`extra`)."""
    columns = {**entities_of(settings).get("people", {}), **extra}
    return {name: kind for name, kind in columns.items() if name not in NOT_CHOSEN}


def load_golden_record(settings: Settings, extra: dict[str, str]) -> GoldenRecord:
    """Raises ConfigError with every mistake of the file, each with its line."""
    paths = found(settings, "golden_record").get("golden_record", [])
    if not paths:
        return GoldenRecord()
    people = [stem.partition("__")[0].removeprefix("stg_") for stem in files(settings, "staging") if "__people" in stem]
    known = Known(
        columns=fields_of(settings, extra),
        flags=tuple(name for name, kind in extra.items() if kind == "boolean"),
        sources=tuple(sorted({*found(settings, "sources"), *people})),
    )
    return load_spec(paths[-1], GoldenRecord, root=base(settings, paths[-1]), context=known)


def golden(settings: Settings, extra: dict[str, str]) -> list[Unit]:
    """What survives together, each with its order of records: dbt's variable `golden`.

    name, columns   of a group; of a field by itself both are its name
    place           the column of int_people__ranked that holds the order, 1 the best
    rules, trust, max_age_days, needs, verified   as the file says them; `verified` the extra column
    """
    spec, fields = load_golden_record(settings, extra), fields_of(settings, extra)
    units = [_unit(spec, name, list(group.columns), group, list(group.needs)) for name, group in spec.groups.items()]
    grouped = {column for unit in units for column in unit["columns"]}
    units += [_unit(spec, name, [name], spec.fields.get(name, spec.default), [])
              for name in fields if name not in grouped]  # fmt: skip
    orders: dict[str, str] = {}
    for unit in units:
        shared = len(unit["columns"]) == 1 and unit["name"] not in ADDRESSES and BY_RECORD.issuperset(unit["rules"])
        order = repr([unit[key] for key in ("rules", "trust", "max_age_days")]) if shared else unit["name"]
        name = f"place__{'_then_'.join(unit['rules'])}" if shared else f"place__{unit['name']}"
        taken = sum(other == name or other.startswith(f"{name}__") for other in orders.values())
        unit["place"] = orders.setdefault(order, f"{name}__{taken + 1}" if taken else name)
    return units


def check(settings: Settings) -> list[Unit]:
    """For `fairlead doctor`: its file can be read."""
    spec = load_golden_record(settings, extras(settings).get("columns", {}).get("people", {}))
    rules = [*spec.groups, *spec.fields]
    detail = f"rules of their own for {', '.join(rules)}" if rules else "one rule for every field"
    return [{"check": "golden record", "ok": True, "detail": detail, "mend": ""}]


def _unit(spec: GoldenRecord, name: str, columns: list[str], one: Survival, needs: list[str]) -> Unit:
    is_trusted = "most_trusted_source" in one.rules
    return {
        "name": name,
        "columns": columns,
        "rules": list(one.rules),
        "trust": list(one.trust or spec.trust) if is_trusted else [],
        "max_age_days": one.max_age_days,
        "needs": needs,
        "verified": spec.verified.get(name),
    }
