"""Data: from the sources to the marts (pull, build, resolve), and the sample shop's."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from cli.answer import Result, answer, parse_day
from cli.options import Day, Json, Later, Names, refuse_both
from cli.shown import data as pages
from cli.shown.layout import facts
from cli.steps import log_step, totals
from core import clock
from core.settings import Settings

PullDay = Annotated[date | None, typer.Option("--day", parser=parse_day, metavar="D")]
First = Annotated[date | None, typer.Option("--from", parser=parse_day, metavar="D1", help="Backfill from this day …")]
Last = Annotated[date | None, typer.Option("--to", parser=parse_day, metavar="D2", help="… to this one.")]
Again = Annotated[
    str | None,
    typer.Option(
        "--again", metavar="SOURCE.TABLE", help="Read one table's rows anew, after its source file was mended."
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Also what is kept of earlier builds: events, feature days.")]
Feedback = Annotated[bool, typer.Option("--feedback", help="Only the sources that bring back what channels report.")]
AGAIN_ALONE = "--again takes one SOURCE.TABLE and no day: each row keeps its own."


def pull(
    sources: Names = None,
    day: PullDay = None,
    first: First = None,
    last: Last = None,
    feedback: Feedback = False,
    again: Again = None,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Sources -> raw, contracts checked; bad rows to raw.rejects with source, file, line, reason."""
    if again:
        refuse_both(again, sources or day or first or last or feedback, AGAIN_ALONE)
        answer(lambda s: pull_again(s, again), as_json, pages.pull)
    final = last or day
    if final is None:
        raise typer.BadParameter("Say --day D, or --from D1 --to D2.")
    if first and first > final:
        raise typer.BadParameter(f"--from {first} is after --to {final}.")
    answer(lambda s: pull_sources(s, final, sources, first, feedback), as_json, pages.pull, final, later)


def pull_sources(
    settings: Settings, day: date, sources: list[str] | None = None, first: date | None = None, feedback: bool = False
) -> Result:
    from connectors import pull
    from connectors.patience import ended_by_signals
    from insight.feature_gaps import gap_notices

    with ended_by_signals() as end_reason:
        result = log_step(
            settings,
            "pull",
            day,
            lambda: pull.pull(settings, day, sources or [], first, feedback, end_reason),
            lambda r: totals(r, "sources", "rows_in", "rows_landed", "rows_rejected"),
        )
    if feedback or "stopped" in result:
        return result
    return result | {"notices": gap_notices(settings, day)}


def pull_again(settings: Settings, table: str) -> Result:
    from connectors.again import again
    from connectors.patience import ended_by_signals

    with ended_by_signals() as end_reason:
        return log_step(
            settings,
            f"pull.again.{table}",
            clock.today(settings),
            lambda: again(settings, table, end_reason),
            lambda r: totals(r, "sources", "rows_in", "rows_landed", "rows_rejected"),
        )


def resolve(day: Day, later: Later = None, as_json: Json = False) -> None:
    """Entity resolution -> identity: who is whom."""
    answer(lambda s: resolve_people(s, day), as_json, facts, day, later)


def resolve_people(settings: Settings, day: date) -> Result:
    import people.cleansing.jobs
    import people.jobs
    import people.linkage.jobs

    def cleansed_linked_and_joined() -> Result:
        cleansed = people.cleansing.jobs.cleanse(settings, day)
        links = people.linkage.jobs.link(settings, day)
        return people.jobs.resolve(settings, day) | links | cleansed

    result = build_stage(settings, day, "identity")
    if not result["ok"]:
        failures = result["failures"]
        return {"day": day.isoformat(), "ok": False, "error": "; ".join(failures), "failures": failures}
    return log_step(settings, "resolve", day, cleansed_linked_and_joined, lambda r: (r["records"], r["people"], 0))


def build(
    day: Day,
    stage: Annotated[str, typer.Option(help="identity, before-scores, after-scores or all")] = "all",
    select: Annotated[str | None, typer.Option(help="dbt's own selection, instead of a stage")] = None,
    full: Full = False,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """dbt: staging, intermediate and marts as of the day."""
    answer(lambda s: build_stage(s, day, stage, select, full), as_json, pages.build, day, later)


def build_stage(
    settings: Settings, day: date, stage: str = "all", select: str | None = None, full: bool = False
) -> Result:
    import activation.jobs
    from connectors.patience import ended_by_signals
    from core.engines.lingering import lingering

    name = "build" if stage == "all" else f"build.{stage}"
    part = f"{name} --select {select}" if select else name
    with lingering(settings):
        create_tables(settings)
        activation.jobs.register(settings)
        activation.jobs.begin_build(settings, part, day)
        with ended_by_signals():  # dbt ends with us, and the row in ops.runs says so
            return log_step(
                settings,
                name,
                day,
                lambda: _built(settings, day, stage, select, part, full),
                lambda r: (r["models"], r["models"], r["failed"]),
            )


def _built(settings: Settings, day: date, stage: str, select: str | None, part: str, full: bool) -> Result:
    """What dbt says; and of the marts that it built whole, which fields of syncs cannot be had of them."""
    import activation.checks
    import activation.jobs
    from core.build import build as run_dbt
    from core.column_lineage.events import tell_build
    from core.extras import definitions
    from core.project.vanished import refuse_vanished_noes
    from insight.governance import checks as governance

    refuse_vanished_noes(settings)
    built = run_dbt(settings, day, stage, select, full)
    if built.ok:
        definitions.record(settings, stage, select, full)
    tell_build(settings, day, part, built.built)
    is_whole = stage in ("all", "after-scores") and not select
    told = governance.build_notices(settings) if is_whole else []
    result = built.as_dict(day) | {"notices": build_notices(settings, day) + told}
    if result["ok"] and not select and stage in ("all", "before-scores"):
        result |= tell_of_quality(settings, day)
    if result["ok"]:
        activation.jobs.end_build(settings, part, day)
        faults = activation.checks.field_faults(settings) if is_whole else []
        result |= {"ok": not faults, "failed": len(faults), "failures": faults}
    return result


def tell_of_quality(settings: Settings, day: date) -> Result:
    """The alarms of the day's data quality, told to whoever [alerts] names."""
    from core.alerts import tell_once
    from insight.quality import alarm_lines

    lines = alarm_lines(settings, day)
    if lines:
        tell_once(settings, "build.quality", day, "quality", lines)
    return {"quality_alarms": lines}


def create_tables(settings: Settings) -> None:
    """Every table that dbt reads exists, empty where nothing has come yet."""
    import activation.jobs
    import connectors.pull
    import ml.jobs
    import people.jobs

    for room in (connectors.pull, people.jobs, ml.jobs, activation.jobs):
        room.ensure(settings)


def build_notices(settings: Settings, day: date) -> list[str]:
    """What a build must say: days that have not begun, and a memory of segments that is newer than the day."""
    from insight.ahead import ahead, membership_day, notices
    from insight.feature_gaps import gap_notices

    newest = membership_day(settings)
    lines = notices(ahead(settings, clock.today(settings))) + gap_notices(settings, day)
    if newest and newest > day:
        lines.append(f"Segment history stands as of {newest} and was left as it is; this build is of {day}.")
    return lines


def sample(
    people: Annotated[int, typer.Option(min=1)] = 5000,
    seed: int = 7,
    first: Annotated[date, typer.Option("--from", parser=parse_day, metavar="D1")] = date(2024, 9, 30),
    last: Annotated[date, typer.Option("--to", parser=parse_day, metavar="D2")] = date(2026, 3, 29),
    url: Annotated[
        str | None, typer.Option(help="Write the shop database here (postgresql://…) instead of SQLite.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a simulated company's data: shop, web, e-mail, CRM, tills and the rest, as dirty as real ones."""

    def work(settings: Settings) -> Result:
        import sample_shop

        result = sample_shop.write(settings.home, people=people, seed=seed, first_day=first, last_day=last, url=url)
        return {"ok": True, **asdict(result)}

    answer(work, as_json, facts)
