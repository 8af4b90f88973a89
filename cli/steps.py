"""A step of a night with its row in ops.runs: what the commands that write have in common."""

from collections.abc import Callable
from datetime import date

from cli.answer import Result
from core.settings import Settings


def log_step(
    settings: Settings, name: str, day: date, work: Callable[[], Result], rows: Callable[[Result], tuple[int, ...]]
) -> Result:
    """Run one step with its row in ops.runs; rows(result) -> (in, out, rejected)."""
    from core.engines.lingering import lingering
    from core.run_log import step

    with lingering(settings), step(settings, name, day) as log:
        result = work()
        log.rows_in, log.rows_out, log.rows_rejected = rows(result)
        log.detail, log.outcome = result, "ok" if result.get("ok", True) else "failed"
        log.hurried = "stopped" in result
    return result


def totals(result: Result, part: str, *columns: str) -> tuple[int, ...]:
    """The sum of each column over the rows of a part of the result."""
    return tuple(sum(int(row.get(column) or 0) for row in result.get(part, [])) for column in columns)
