"""Delivery: what goes to the channels (plan, push, retry), and the vendors' jobs (collect, cancel)."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answer import Result, answer, progress_bars, stop_signals
from cli.options import (
    Day,
    FromPlan,
    Json,
    Later,
    Names,
    Only,
    Orphans,
    Override,
    Rebaseline,
    Resend,
    Wait,
    Withdrawals,
    parse_overrides,
    refuse_both,
)
from cli.shown import comparison
from cli.shown import delivery as pages
from cli.shown.layout import facts
from cli.steps import log_step, totals
from core.settings import Settings

if TYPE_CHECKING:
    from activation.delivery.route import PushRequest

RESEND_AND_REBASELINE = "--resend sends everybody, --rebaseline nobody: choose one."
WITHDRAWALS_AND_MORE = "--withdrawals sends nothing else: leave out --resend, --rebaseline and --plan."
ORPHANS_AND_MORE = "--orphans is of syncs whose file is gone, and goes with no sync and no other wish."


def plan(
    day: Day,
    syncs: Names = None,
    detail: Annotated[bool, typer.Option(help="Also a masked sample of people and the fields that change.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write the plan with its digest, for `push --plan`.")] = None,
    against: Annotated[str, typer.Option(help="A git revision: what the working tree changes in every audience.")] = "",
    markdown: Annotated[bool, typer.Option(help="With --against: a table for a pull request.")] = False,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """What would be added, updated, removed on each channel, and who is held back. Sends nothing."""
    if against:
        from activation.planning import compare

        show = comparison.markdown if markdown else comparison.compared
        answer(lambda s: compare.against(s, day, against), as_json, show, day, later)

    def work(settings: Settings) -> Result:
        import activation.jobs
        from activation.planning import saved

        plan_result = activation.jobs.plan(settings, day, syncs or [], detail or save is not None)
        return plan_result if save is None else plan_result | {"saved": saved.write(save, plan_result)}

    answer(work, as_json, pages.plan, day, later, reads=save is None)


def plan_syncs(settings: Settings, day: date, syncs: list[str] | None = None, detail: bool = False) -> Result:
    import activation.jobs

    return log_step(
        settings,
        "plan",
        day,
        lambda: activation.jobs.plan(settings, day, syncs or [], detail),
        lambda r: (0, sum(totals(r, "syncs", "adds", "updates", "removes")), 0),
    )


def push(
    day: Day,
    syncs: Names = None,
    override: Override = None,
    from_plan: FromPlan = None,
    only: Only = "",
    resend: Resend = False,
    rebaseline: Rebaseline = False,
    withdrawals: Withdrawals = False,
    orphans: Orphans = False,
    wait: Wait = True,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Apply the plan; refuses when a guard trips."""
    overrides, whole = parse_overrides(override), resend or rebaseline or from_plan
    refuse_both(resend, rebaseline, RESEND_AND_REBASELINE)
    refuse_both(withdrawals, whole, WITHDRAWALS_AND_MORE)
    refuse_both(orphans, syncs or only or whole, ORPHANS_AND_MORE)

    def work(settings: Settings) -> Result:
        from activation.delivery.route import Wish

        wish = Wish(overrides, only, resend, rebaseline, withdrawals_only=withdrawals)
        request = _request(day, from_plan, wait)
        return push_syncs(settings, day, replace(request, syncs=syncs or (), wish=wish, only_orphans=orphans))

    answer(work, as_json, pages.push, day, later)


def _request(day: date, from_plan: FromPlan, wait: bool) -> "PushRequest":
    """Every sync, as a saved plan has it (None: as it is now); `wait` is for the vendors' jobs."""
    from activation.delivery.route import PushRequest
    from activation.delivery.send import Retry
    from activation.planning import saved

    digests = None if from_plan is None else saved.read(from_plan, day)
    return PushRequest(retry=Retry() if wait else Retry(job_seconds=0), digests=digests)


def push_syncs(settings: Settings, day: date, request: "PushRequest | None" = None) -> Result:
    """Push with a bar for each sync, ended by signals. request   None: of every sync"""
    import activation.jobs
    from activation.delivery.route import PushRequest

    def work() -> Result:
        with stop_signals() as stopped, progress_bars() as tell:
            result = activation.jobs.push(settings, day, replace(request or PushRequest(), tell=tell, stopped=stopped))
        return result | {"alerts": activation.jobs.report(settings, result)}

    return log_step(settings, "push", day, work, lambda r: totals(r, "syncs", "attempted", "accepted", "rejected"))


def retry(day: Day, syncs: Names = None, override: Override = None, later: Later = None, as_json: Json = False) -> None:
    """Replay the dead letters: push only those whom the channel refused the last time."""
    overrides = parse_overrides(override)

    def work(settings: Settings) -> Result:
        from activation.delivery.route import PushRequest, Wish

        return push_syncs(settings, day, PushRequest(syncs or (), Wish(overrides, rejected_only=True)))

    answer(work, as_json, pages.push, day, later)


def collect(syncs: Names = None, as_json: Json = False) -> None:
    """Ask the vendors what became of the jobs still under way. Exit 3 while some are not done."""

    def work(settings: Settings) -> Result:
        import activation.under_way

        with stop_signals() as stopped:
            return activation.under_way.collect(settings, syncs or [], stopped)

    answer(work, as_json, pages.collected)


def cancel(
    syncs: Annotated[list[str], typer.Argument(help="The syncs to end.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the run's outcome.")],
    as_json: Json = False,
) -> None:
    """End a running push cleanly: batches under way get their answer, the vendor's job is stopped, the rest waits."""

    def work(settings: Settings) -> Result:
        import activation.under_way

        return activation.under_way.cancel(settings, syncs, reason)

    answer(work, as_json, facts)


def register(as_json: Json = False) -> None:
    """Write down for the DAGs which channels' vendors work in jobs; each build does it too. Needs no warehouse."""
    from activation.in_jobs import write

    answer(lambda s: {"ok": True, "channels": write(s)}, as_json, facts)
