"""What `fairlead resolve` runs before people are joined: every record's values cleaned, all sources alike.

Only what is new or has changed is looked at, and what else hangs on other records: dates of birth. By other rules, or
of another version of the code, all is.
"""

import hashlib
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.settings import Settings
from core.tables import ensure
from core.warehouse import Warehouse, connect
from people.cleansing.records import STATED, clean_dates, clean_others
from people.cleansing.spec import CleansingSpec, load_cleansing
from people.cleansing.tables import CLEANED, FINDINGS, RULES, TABLES

RECORDS = "intermediate.int_people__stated"
LIBRARIES = ("babel", "phonenumbers", "pycountry", "regex")  # whose data or rules decide
CLEANED_RECORDS, CLEANSING_FINDINGS, RULES_TABLE = (table.name for table in TABLES)
MOST_NAMED = 500  # records that a statement names; of more, all are cleaned
# a source that gives one record twice fails in the build, by the name of what is wrong there
EACH_ONCE = f"""
    select * from (
        select *, row_number() over (partition by record_id order by stated_key) as place
        from {RECORDS} where record_id is not null) as stated
    where place = 1"""
# of each record what its date hangs on, and what is known of it by these rules
DATES = f"""
    select s.record_id, s.source, s.birth_date, c.birth_date as known_date, c.record_id is not null as is_known
    from ({EACH_ONCE}) as s
    left join identity.cleaned_records as c on s.record_id = c.record_id and s.stated_key = c.stated_key"""
Result = dict[str, Any]


def cleanse(settings: Settings, day: date) -> Result:
    """intermediate.int_people__stated -> identity.cleaned_records and identity.cleansing_findings, as of `day`."""
    started = time.monotonic()
    spec = load_cleansing(settings)
    rules = fingerprint(spec)
    with connect(settings, writer="identity") as db:
        ensure(db, *TABLES)
        if not db.exists(RECORDS):
            return {}
        with db.transaction():
            if db.query("select rules from identity.cleansing_rules")["rules"].to_pylist() != [rules]:
                db.load(CLEANED_RECORDS, CLEANED.empty_table(), "replace")
                db.load(RULES_TABLE, pa.table([[rules]], schema=RULES), "replace")
            records, cleaned = _clean(db, spec, day)
        sql = "select effect, count(*) as n from identity.cleansing_findings group by effect order by effect"
        effects = {row["effect"]: row["n"] for row in db.query(sql).to_pylist()}
    return {"cleansed": {"records": records, "new_or_changed": cleaned, **effects,
                         "seconds": round(time.monotonic() - started, 3)}}  # fmt: skip


def fingerprint(spec: CleansingSpec) -> str:
    """Of all that a record's cleaned values hang on beside itself: the company's file, our code, the libraries."""
    places = [*sorted(Path(__file__).parent.glob("*.py")), Path(__file__).parents[2] / "core/countries.py"]
    parts = [spec.model_dump_json().encode(), *(path.read_bytes() for path in places)]
    return hashlib.sha256(b"|".join([*parts, *(version(name).encode() for name in LIBRARIES)])).hexdigest()


def _clean(db: Warehouse, spec: CleansingSpec, day: date) -> tuple[int, int]:
    """How many records there are, and how many were cleaned."""
    asked = db.query(DATES)
    dates, of_dates = clean_dates(asked, spec, day)
    known = asked["known_date"].cast(pa.date32()).combine_chunks()
    is_moved = pc.fill_null(pc.not_equal(dates, known), False)
    is_moved = pc.or_(is_moved, pc.xor(pc.is_null(dates), pc.is_null(known)))
    is_moved = pc.and_(is_moved, asked["is_known"].combine_chunks())
    moved = asked["record_id"].filter(is_moved).to_pylist()
    if len(moved) > MOST_NAMED:
        db.load(CLEANED_RECORDS, CLEANED.empty_table(), "replace")
        moved = []
    _forget(db, moved)
    columns = ", ".join(f"s.{name}" for name in ("record_id", "stated_key", *STATED))
    new = db.query(f"select {columns} from ({EACH_ONCE}) as s where {_not_in('s', CLEANED_RECORDS)}")
    place = pc.index_in(new["record_id"].cast("string").combine_chunks(),
                        value_set=asked["record_id"].cast("string").combine_chunks())  # fmt: skip
    cleaned, findings = clean_others(new, dates.take(place), spec)
    db.load(CLEANED_RECORDS, cleaned, "append")
    db.load(CLEANSING_FINDINGS, pa.concat_tables([findings, of_dates]).cast(FINDINGS), "append")
    return asked.num_rows, new.num_rows


def _forget(db: Warehouse, moved: list[str]) -> None:
    """Records that are gone, have changed or whose date is judged otherwise, and findings of them and of all dates."""
    db.execute(f"delete from {CLEANED_RECORDS} where not exists (select 1 from ({EACH_ONCE}) as s where s.record_id ="
               f" {CLEANED_RECORDS}.record_id and s.stated_key = {CLEANED_RECORDS}.stated_key)")  # fmt: skip
    if moved:
        places = ", ".join(f"${n}" for n in range(1, len(moved) + 1))
        db.execute(f"delete from {CLEANED_RECORDS} where record_id in ({places})", moved)
    db.execute(f"delete from {CLEANSING_FINDINGS} where column_name = 'birth_date'"
               f" or {_not_in(CLEANSING_FINDINGS, CLEANED_RECORDS)}")  # fmt: skip


def _not_in(name: str, table: str) -> str:
    return f"not exists (select 1 from {table} as there where there.record_id = {name}.record_id)"
