"""The tables that people writes, and the plain SQL by which it reads and writes them through a warehouse it is
handed.
"""

import pyarrow as pa

from core.tables import Table
from core.warehouse import Warehouse
from people.evidence import DECISION, Evidence
from people.schemas import (
    IDENTIFIERS,
    IGNORED,
    ISSUED,
    LINK,
    LINKS,
    MERGES,
    OVERRIDES,
    PASSED,
    PAST,
    PEOPLE,
    RECORD_PEOPLE,
    SHARED,
    SPLITS,
    VALIDITY,
    VETOES,
    History,
    Resolution,
)  # fmt: skip
from people.traits import TRAITS

# by what a person was reached who was one with others until split_day, from the contact points of that time
FORMER = pa.schema(
    {
        "person_id": "string",
        "split_from": "string",
        "split_day": "date32",
        "identifier": "string",
        "until_day": "date32",
    }
)
PROBABLE = "identity.probable_links"  # what people/linkage found, weak links too
IDENTITY = (
    Table("identity.person_identifiers", IDENTIFIERS),
    Table("identity.people", PEOPLE),
    Table("identity.record_people", RECORD_PEOPLE),
    # an earlier version held chains: there each row's survivor is the next link
    Table("identity.merges", MERGES, backfill={"merged_into": "person_id"}),
    Table("identity.splits", SPLITS),
    Table("identity.links", LINKS),
    Table("identity.issued", ISSUED),
    Table("identity.ignored_identifiers", IGNORED),
    Table("identity.shared_identifiers", SHARED),
    Table("identity.former_identifiers", FORMER),
    Table("identity.identifier_validity", VALIDITY),
    Table("identity.past_holders", PAST),
    Table("identity.vetoes", VETOES),
    Table("identity.decisions", DECISION),
    Table("identity.overrides", OVERRIDES),
    Table(PROBABLE, LINK),
)
RECORDS, UNIONED = "intermediate.int_people__records", "intermediate.int_people__unioned"
CLEANED = "identity.cleaned_records"
# what cleansing has put right of a record, in place of what its source says; a company's name is no human's
CLEAN = ("first_name", "last_name", "birth_date", "street", "city", "postal_code", "country")
PASSED_ON = "intermediate.int_people__passed"
POINTS = "intermediate.int_people__contact_points"


def history(db: Warehouse) -> History:
    """What earlier nights decided about identity."""
    tables = (
        ("issued", ISSUED), ("merges", MERGES), ("person_identifiers", IDENTIFIERS), ("record_people", RECORD_PEOPLE),
        ("splits", SPLITS), ("ignored_identifiers", IGNORED), ("past_holders", PAST),
    )  # fmt: skip
    return History(*(_read(db, f"identity.{name}", schema) for name, schema in tables))


def evidence(db: Warehouse, join_from: float) -> Evidence:
    """Names and birth dates of the records, probable links, and what stewards have decided."""
    traits = _traits(db)
    passed = _read(db, PASSED_ON, PASSED) if db.exists(PASSED_ON) else PASSED.empty_table()
    return Evidence(traits, _read(db, PROBABLE, LINK), _read(db, "identity.decisions", DECISION), join_from, passed)


def _traits(db: Warehouse) -> pa.Table:
    if db.exists(RECORDS):
        return db.query(f"select {', '.join(TRAITS.names)} from ({compared_records(db)}) as r").cast(TRAITS)
    return _read(db, UNIONED, TRAITS) if db.exists(UNIONED) else TRAITS.empty_table()


def compared_records(db: Warehouse) -> str:
    """SQL of intermediate.int_people__records as they are compared: cleaned where cleansing has looked at them."""
    if not db.exists(CLEANED):
        return f"select * from {RECORDS}"
    full = "nullif(trim(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, '')), '')"
    values = {name: f"case when c.record_id is null then r.{name} else c.{name} end" for name in CLEAN}
    values |= {"full_name": f"case when c.record_id is null then r.full_name else {full} end",
               "company": "coalesce(c.company, r.company)"}  # fmt: skip
    columns = ", ".join(f"{values.get(name, f'r.{name}')} as {name}" for name in db.columns(RECORDS))
    return f"select {columns} from {RECORDS} as r left join {CLEANED} as c on r.record_id = c.record_id"


def _read(db: Warehouse, table: str, schema: pa.Schema) -> pa.Table:
    return db.query(f"select {', '.join(schema.names)} from {table}").cast(schema)


def write_identity(db: Warehouse, resolution: Resolution) -> None:
    """The whole identity schema in one transaction: readers see yesterday or today, never half."""
    with db.transaction():
        db.load("identity.splits", resolution.splits, "replace")
        _keep_former(db)
        db.load("identity.person_identifiers", resolution.person_identifiers, "replace")
        db.load("identity.people", resolution.people, "replace")
        db.load("identity.record_people", resolution.record_people, "replace")
        db.load("identity.merges", resolution.merges, "replace")
        db.load("identity.links", resolution.links, "replace")
        db.load("identity.issued", resolution.issued, "replace")
        db.load("identity.ignored_identifiers", resolution.ignored, "replace")
        db.load("identity.shared_identifiers", resolution.shared, "replace")
        db.load("identity.identifier_validity", resolution.validity, "replace")
        db.load("identity.vetoes", resolution.vetoes, "replace")
        db.load("identity.past_holders", resolution.past, "replace")


def _keep_former(db: Warehouse) -> None:
    """Before anything is written: by what those were reached who are split from now on, both sides of each split."""
    points = "select person_id, identifier, cast(null as date) as until_day from identity.person_identifiers"
    if db.exists(POINTS):
        points += f" union select person_id, identifier, until_day from {POINTS}"
    db.execute(f"""
        insert into identity.former_identifiers (person_id, split_from, split_day, identifier, until_day)
        with parted as (
            select s.split_from, s.split_into, s.split_day from identity.splits as s
            where not exists (
                select 1 from identity.former_identifiers as kept
                where kept.person_id = s.split_into and kept.split_from = s.split_from
                    and kept.split_day = s.split_day)
        )
        select distinct sides.person_id, sides.split_from, sides.split_day, points.identifier,
            coalesce(points.until_day, sides.split_day)
        from (
            select split_into as person_id, split_from, split_day from parted
            union
            select split_from, split_from, split_day from parted
        ) as sides
        inner join ({points}) as points on sides.split_from = points.person_id
        where not exists (
            select 1 from identity.former_identifiers as kept
            where kept.person_id = sides.person_id and kept.split_from = sides.split_from
                and kept.split_day = sides.split_day and kept.identifier = points.identifier)""")
