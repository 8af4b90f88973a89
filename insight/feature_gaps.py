"""Days of the features that know too little: computed before a table's rows had come, or by another definition."""

from datetime import date
from typing import Any

from core.clock import today
from core.errors import FairleadError
from core.extras import definitions
from core.settings import Settings
from core.warehouse import connect

Gap = dict[str, Any]  # source, table_name, days, first_day, last_day


def gaps(settings: Settings) -> list[Gap]:
    with connect(settings) as db:
        if not db.exists("marts.feature_gaps"):
            return []
        return db.query("select * from marts.feature_gaps order by source, table_name").to_pylist()


def gap_notices(settings: Settings, day: date) -> list[str]:
    """Beside what a command has done: that they cannot be read does not undo it."""
    mend = f"`fairlead build --day {day} --full` computes them again; then train."
    try:
        return [f"{sentence(gap)}. {mend}" for gap in gaps(settings)] + definitions.notices(settings, mend)
    except FairleadError as error:
        return [f"marts.feature_gaps could not be read: {error}"]


def sentence(gap: Gap) -> str:
    return (
        f"{gap['days']} days of the features ({gap['first_day']} to {gap['last_day']}) were computed before rows of"
        f" {gap['source']}.{gap['table_name']} had landed"
    )


def _built_day(settings: Settings) -> date:
    """The newest day that was built: a build of a later one would first want its sources pulled."""
    with connect(settings) as db:
        if not db.exists("marts.segment_days"):
            return today(settings)
        newest: date | None = db.query("select max(day) as day from marts.segment_days")["day"][0].as_py()
    return newest or today(settings)


def check(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`."""
    found = gaps(settings)
    mend = f"fairlead build --day {_built_day(settings)} --full, then fairlead train."
    others = definitions.changed(settings)
    told = [*map(sentence, found), *([definitions.sentence(others)] if others else [])]
    detail = "; ".join(told) or "each day knows every table, by today's definitions"
    return [{"check": "feature days", "ok": not told, "detail": detail, "mend": mend if told else ""}]
