"""Why a step of a night failed, in one line: from the object that the step itself gives."""

from typing import Any

MOST = 3  # reasons shown; the step's own command shows all


def why_failed(result: dict[str, Any]) -> str:
    """Of a source its error, of a build its failures, of a plan the guards that trip, of a push each sync's error and
    the mistakes of files.
    """
    reasons = [str(failure) for part in ("failures", "mistakes") for failure in result.get(part, [])]
    for part, name in (("sources", "source"), ("models", "model"), ("syncs", "sync")):
        rows = result.get(part)
        for row in rows if isinstance(rows, list) else []:
            reasons += [f"{row.get(name, '')}: {reason}" for reason in _reasons(row)]
    first_reasons, others = reasons[:MOST], len(reasons) - MOST
    return (
        "; ".join(first_reasons + ([f"and {others} more"] if others > 0 else []))
        or "the step gave no reason; its log has it"
    )


def _reasons(row: dict[str, Any]) -> list[str]:
    if row.get("error"):
        return [str(row["error"])]
    tripped = [f"{g['guard']}: {g['detail']}" for g in row.get("guards", []) if g.get("tripped")]
    return tripped or ([f"{row['outcome']}"] if row.get("outcome") in ("failed", "refused", "cancelled") else [])
