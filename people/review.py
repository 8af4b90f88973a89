"""A steward's work: what to look at, and their word on two records, which outranks everything and stays."""

from typing import Any

import pyarrow as pa

from core import clock
from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import Warehouse, connect
from people import tables
from people.evidence import DECISION
from people.jobs import ensure
from people.linkage.spec import joins_from

Row = dict[str, Any]
FIELDS = ("first_name", "last_name", "birth_date", "email", "phone", "postal_code")
VERDICTS = ("same", "different", "undone")
# a word that was taken back leaves the pair in doubt
UNDECIDED = """coalesce((
    select max(case when d.verdict = 'undone' then 1 else 0 end) from identity.decisions as d
    where d.record_a = p.record_a and d.record_b = p.record_b and d.decided_at = (
        select max(decided_at) from identity.decisions as e
        where e.record_a = p.record_a and e.record_b = p.record_b)), 1) = 1"""
# the share of a person's pairs of records that share an identifier; a chain of many has few
THINNEST = """
    with held as (
        select r.person_id, l.identifier, count(*) as n
        from identity.links as l
        inner join identity.record_people as r on l.record_id = r.record_id
        group by r.person_id, l.identifier
        having count(*) > 1
    ), joined as (select person_id, sum(n * (n - 1) / 2.0) as pairs from held group by person_id)
    select p.person_id, p.records, p.identifiers,
        cast(coalesce(j.pairs, 0) / (p.records * (p.records - 1) / 2.0) as double precision) as joined_share
    from identity.people as p
    left join joined as j on p.person_id = j.person_id
    where p.records > 2
    order by coalesce(j.pairs, 0) / (p.records * (p.records - 1) / 2.0), p.records desc, p.person_id limit $1"""
# what is in doubt about one human: how many records say otherwise, and of whom most fields
CONFLICTS = """
    select field, source, count(*) as records, count(distinct person_id) as people from marts.profile_conflicts
    where not is_overridden group by field, source order by 3 desc, field, source limit $1"""
DISPUTED = """
    select person_id, count(distinct field) as fields, count(*) as others from marts.profile_conflicts
    where not is_overridden group by person_id order by 2 desc, 3 desc, person_id limit $1"""
OVERRIDES = """
    select person_id, record_id, field, value, verdict, reason, decided_by, decided_at from identity.overrides
    order by decided_at desc, override_id limit $1"""
LARGEST = """
    select person_id, records, identifiers from identity.people
    where records > 1 order by records desc, person_id limit $1"""


def decide(settings: Settings, pair: tuple[str, str], verdict: str, reason: str) -> Row:
    """Write down that two records (or the people of them) are the same human, different ones, or that an earlier word
    on them counts no more. From the next `resolve` on.

    Raises   ConfigError for somebody unknown, one record twice, a person who is both, or without a reason.
    """
    if not reason.strip():
        raise ConfigError('Say why, for whoever looks at it later: --reason "one phone call".')
    ensure(settings)
    with connect(settings, writer="identity") as db:
        one, other = sorted(record_of(db, text) for text in pair)
        if one == other:
            raise ConfigError(
                f"{pair[0]} and {pair[1]} lead to one record, {one}. Name two records: `fairlead why {pair[0]}"
                f" {pair[1]}` lists those of a person."
            )
        row = {"record_a": one, "record_b": other, "verdict": verdict, "reason": reason.strip(),
               "decided_at": clock.now().replace(tzinfo=None)}  # fmt: skip
        db.load("identity.decisions", pa.Table.from_pylist([row], schema=DECISION), "append")
    return row | {"decided_at": str(row["decided_at"]), "ok": True}


def review(settings: Settings, rows: int) -> Row:
    """{ok, pairs, largest, thinnest, decisions, conflicts, disputed, overrides}: at most so many rows of each, what is
    most in doubt first.
    """
    ensure(settings)
    with connect(settings) as db:
        if not db.exists("intermediate.int_people__unioned"):
            raise ConfigError("No records yet. Run `fairlead build --stage identity` and `fairlead resolve` first.")
        decisions = "select * from identity.decisions order by decided_at desc, record_a limit $1"
        has_conflicts = db.exists("marts.profile_conflicts")
        return {
            "ok": True,
            "pairs": _compared(db, _links(db, rows, joins_from(settings)) + _vetoes(db, rows)),
            "largest": db.query(LARGEST, [rows]).to_pylist(),
            "thinnest": db.query(THINNEST, [rows]).to_pylist(),
            "decisions": _dated(db.query(decisions, [rows]).to_pylist()),
            "conflicts": db.query(CONFLICTS, [rows]).to_pylist() if has_conflicts else [],
            "disputed": db.query(DISPUTED, [rows]).to_pylist() if has_conflicts else [],
            "overrides": _dated(db.query(OVERRIDES, [rows]).to_pylist()),
        }


def _dated(rows: list[Row]) -> list[Row]:
    return [row | {"decided_at": row["decided_at"].isoformat()} for row in rows]


def record_of(db: Warehouse, text: str) -> str:
    """The record of this name, or of the person of this id (whoever stands for it now) the first."""
    for sql in (
        "select min(record_id) as r from identity.record_people where record_id = $1",
        "select min(record_id) as r from identity.record_people where person_id = $1",
        "select min(r.record_id) as r from identity.merges as m inner join identity.record_people as r"
        " on r.person_id = m.person_id where m.merged_person_id = $1",
    ):  # fmt: skip
        found = db.query(sql, [text])["r"][0].as_py()
        if found:
            return str(found)
    raise ConfigError(
        f"No record and no person {text}. `fairlead review` lists records; `fairlead why EMAIL` finds a person."
    )


def _links(db: Warehouse, rows: int, below: float) -> list[Row]:
    """Probable links too weak to join: those nearest to a half first."""
    return db.query(
        f"""select record_a, record_b, probability, 'a link of ' || round(cast(probability as numeric), 3) as because
        from {tables.PROBABLE} as p where probability < $2 and {UNDECIDED}
        order by abs(probability - 0.5), record_a, record_b limit $1""",
        [rows, below],
    ).to_pylist()


def _vetoes(db: Warehouse, rows: int) -> list[Row]:
    """What shares an identifier and was kept apart: a contradiction in one field before one in both."""
    return db.query(
        f"""select record_a, record_b, identifier, because from identity.vetoes as p where {UNDECIDED}
        order by because like '%and%', identifier, record_a, record_b limit $1""",
        [rows],
    ).to_pylist()


def _compared(db: Warehouse, pairs: list[Row]) -> list[Row]:
    """Each pair with both records' fields beside each other: (one, other)."""
    if not pairs:
        return []
    wanted = sorted({pair[side] for pair in pairs for side in ("record_a", "record_b")})
    places = ", ".join(f"${n}" for n in range(1, len(wanted) + 1))
    columns = ", ".join(f"cast({field} as varchar) as {field}" for field in FIELDS)
    sql = f"select record_id, {columns} from intermediate.int_people__unioned where record_id in ({places})"
    records = {row.pop("record_id"): row for row in db.query(sql, wanted).to_pylist()}
    nothing: Row = dict.fromkeys(FIELDS)
    for pair in pairs:
        one, other = (records.get(pair[side], nothing) for side in ("record_a", "record_b"))
        pair["fields"] = {field: [one[field], other[field]] for field in FIELDS if one[field] or other[field]}
    return pairs
