"""What `fairlead resolve` runs before people are joined: every record's values cleaned, all sources alike."""

import time
from datetime import date
from typing import Any

from core.settings import Settings
from core.tables import ensure
from core.warehouse import connect
from people.cleansing.records import STATED, clean_records
from people.cleansing.spec import load_cleansing
from people.cleansing.tables import TABLES

RECORDS = "intermediate.int_people__stated"
Result = dict[str, Any]


def cleanse(settings: Settings, day: date) -> Result:
    """intermediate.int_people__stated -> identity.cleaned_records and identity.cleansing_findings, as of `day`."""
    started = time.monotonic()
    spec = load_cleansing(settings)
    with connect(settings, writer="identity") as db:
        ensure(db, *TABLES)
        if not db.exists(RECORDS):
            return {}
        columns = ", ".join(("record_id", "stated_key", "source", "birth_date", *STATED))
        # a source that gives one record twice fails in the build, by the name of what is wrong there
        first = "row_number() over (partition by record_id order by stated_key) = 1"
        stated = f"select *, {first} as is_first from {RECORDS} where record_id is not null"
        records = db.query(f"select {columns} from ({stated}) as stated where is_first")
        cleaned, findings = clean_records(records, spec, day)
        with db.transaction():
            for table, rows in zip(TABLES, (cleaned, findings), strict=True):
                db.load(table.name, rows, "replace")
    effects = findings["effect"].value_counts().to_pylist()
    counts = {effect["values"]: effect["counts"] for effect in effects}
    return {"cleansed": {"records": cleaned.num_rows, **dict(sorted(counts.items())),
                         "seconds": round(time.monotonic() - started, 3)}}  # fmt: skip
