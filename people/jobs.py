"""What the command line runs: records in, people out. The only file of people that connects, beside rewind."""

import time
from datetime import date
from typing import Any

from core.errors import ConfigError
from core.settings import Settings
from core.tables import ensure as ensure_tables
from core.warehouse import connect
from people import tables
from people.cleansing import tables as cleansing
from people.groups import tables as groups
from people.groups.jobs import resolve as put_together
from people.linkage.model import newest
from people.linkage.spec import joins_from
from people.resolve import resolve as join
from people.schemas import RECORDS_PER_IDENTIFIER, Rules

Result = dict[str, Any]


def ensure(settings: Settings) -> None:
    """Make every table of identity that dbt reads exist, empty where nothing has come yet."""
    with connect(settings, writer="identity") as db:
        ensure_tables(db, *tables.IDENTITY, *groups.GROUPS, *cleansing.TABLES)


def resolve(settings: Settings, day: date) -> Result:
    """Entity resolution: intermediate.int_people__identifiers -> identity.*, as of `day`."""
    started = time.monotonic()
    ensure(settings)
    declared = settings.identity
    limits = dict.fromkeys(RECORDS_PER_IDENTIFIER, declared.max_records_per_identifier)
    model = newest(settings, day)
    learned = model.limits if model else {}
    rules = Rules(limits, learned, declared.shared_owner, declared.one_per_person)
    with connect(settings, writer="identity") as db:
        if not db.exists("intermediate.int_people__identifiers"):
            raise ConfigError(
                "No table intermediate.int_people__identifiers. Run `fairlead build --stage identity` first."
            )
        identifiers = db.query(
            "select record_id, identifier, kind, first_seen_day from intermediate.int_people__identifiers"
        )
        resolution = join(identifiers, tables.history(db), day, rules, tables.evidence(db, joins_from(settings)))
        with db.transaction():
            tables.write_identity(db, resolution)
            grouped = put_together(db, settings, day)
    return {
        "day": day.isoformat(), "ok": True, "records": resolution.records, "people": resolution.people.num_rows,
        "merged": resolution.merged, "split": resolution.split, "identifiers": resolution.person_identifiers.num_rows,
        "ignored_identifiers": resolution.ignored.num_rows, "limits": {"declared": limits, "learned": learned},
        "shared_identifiers": len(resolution.shared["identifier"].unique()), "vetoes": resolution.vetoes.num_rows,
        **grouped, "seconds": round(time.monotonic() - started, 3),
    }  # fmt: skip
