"""Pushes for later days: what was sent is never forgotten, and no longer refuses today's push as stale."""

from datetime import date
from typing import Any

from activation.ledger.ready import make_ready
from core.clock import now
from core.settings import Settings
from core.warehouse import connect

Part = dict[str, Any]
LATER = "day > $1 and outcome <> 'refused' and rewound_at is null"


def rewind(settings: Settings, day: date, apply: bool) -> list[Part]:
    with connect(settings, writer="activation" if apply else None) as db:
        if apply:
            make_ready(db)
        if "rewound_at" not in db.columns("activation.runs"):  # nothing was pushed, or by an earlier version
            return []
        rows = int(db.query(f"select count(*) as n from activation.runs where {LATER}", [day])["n"][0].as_py())
        if apply and rows:
            db.execute(f"update activation.runs set rewound_at = $2 where {LATER}", [day, now()])
    what = "pushes that no longer count as the newest day; what they sent stays in the ledger"
    return [{"table": "activation.runs", "what": what, "rows": rows}] if rows else []
