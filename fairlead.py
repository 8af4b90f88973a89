"""The command line: thin, and the only file that imports every folder.

Each command prints a table for people or, with --json, exactly one JSON object on standard output.
Exit 0 done; 1 a step failed; 2 the words or a file are wrong; 3 (collect) a vendor's job is still under way; 4 (push) the
syncs that were named are all off.
"""

import contextlib
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from core import clock
from core.answers import to_json
from core.build import build as run_dbt
from core.errors import ConfigError, StoppedError
from core.home import guard
from core.run_log import step
from core.settings import Settings, debug, load_settings
from core.specs import read_value
from core.unexpected import known, told
from insight import tables
from insight.reasons import why_failed

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
new = typer.Typer(no_args_is_help=True, help="Write the files of a new source, segment, model, channel or sync.")
app.add_typer(new, name="new")
Result = dict[str, Any]
PAGE_WIDTH = 140  # of a log or a file; a terminal says its own


def parse_day(text: str | date) -> date:
    """A date from the command line; a default is one already."""
    try:
        return text if isinstance(text, date) else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date. Write YYYY-MM-DD.") from None


Day = Annotated[
    date, typer.Option("--day", parser=parse_day, metavar="D", help="A date in the project's time zone; as of its end.")
]
Later = Annotated[
    str | None,
    typer.Option(
        "--future-day", metavar="REASON", help="The day has not begun, and that is meant; logged in ops.runs."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON object on standard output.")]
Names = Annotated[list[str] | None, typer.Argument(show_default=False)]
Override = Annotated[
    list[str] | None, typer.Option("--override", metavar='GUARD="REASON"', help="Pass one guard this once; logged.")
]


def answer(
    work: Callable[[Settings], Result],
    as_json: bool,
    show: Callable[[Console, Result], None],
    day: date | None = None,
    later: str | None = None,
    *,
    private: bool = True,
) -> None:
    """Do the work, say the result in the asked form, and exit with the code it deserves.

    day       the day it is done for, which must have begun · later  why one that has not is meant
    private   what is written is the owner's alone; a project's own files are for all who work on it
    """
    out = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):  # libraries that chatter must not spoil the one object
            settings = load_settings()
            if private:
                guard(settings.home, settings.root)
            if day is not None:
                ask_day(settings, day, later)
            result = work(settings)
        code = result.pop("exit_code", 0 if result.get("ok", True) else 1)
    except Exception as error:
        ours = known(error)
        if ours is None and debug():
            traceback.print_exc()
        code = 2 if isinstance(ours, ConfigError) else 1
        result = {"ok": False, "error": told(error), "kind": type(ours or error).__name__}
        if not as_json:
            Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(tables.seen(result["error"]))
            raise typer.Exit(code) from None
    if as_json:
        out.write(to_json(result) + "\n")
    else:
        show(Console(file=out, highlight=False, width=None if out.isatty() else PAGE_WIDTH), result)
    raise typer.Exit(code)


def ask_day(settings: Settings, day: date, later: str | None) -> None:
    """Refuse a day that has not begun; one that is insisted on has its row in ops.runs, with the reason."""
    begun = clock.today(settings)
    clock.refuse_later_day(settings, day, later)
    if day > begun:
        with step(settings, "future_day", day) as log:
            log.detail = {"reason": later, "today": begun.isoformat()}


def logged(
    settings: Settings, name: str, day: date, work: Callable[[], Result], rows: Callable[[Result], tuple[int, ...]]
) -> Result:
    """Run one step with its row in ops.runs; rows(result) -> (in, out, rejected)."""
    with step(settings, name, day) as log:
        result = work()
        log.rows_in, log.rows_out, log.rows_rejected = rows(result)
        log.detail, log.outcome = result, "ok" if result.get("ok", True) else "failed"
        log.hurried = "stopped" in result
    return result


def total(result: Result, part: str, *columns: str) -> tuple[int, ...]:
    return tuple(sum(int(row.get(column) or 0) for row in result.get(part, [])) for column in columns)


# ---- the steps of a night: each a function of (settings, day), used by its command and by `run` ----


def do_pull(
    settings: Settings, day: date, sources: list[str] | None = None, first: date | None = None, feedback: bool = False
) -> Result:
    from connectors import pull
    from connectors.patience import ended_by_signals

    with ended_by_signals() as ended:
        return logged(
            settings,
            "pull",
            day,
            lambda: pull.pull(settings, day, sources or [], first, feedback, ended),
            lambda r: total(r, "sources", "rows_in", "rows_landed", "rows_rejected"),
        )


def do_build(settings: Settings, day: date, stage: str = "all", select: str | None = None) -> Result:
    import activation.jobs
    import connectors.pull
    import ml.jobs
    import people.jobs
    from connectors.patience import ended_by_signals

    connectors.pull.ensure(settings)  # every table that dbt reads exists, empty where nothing has come yet
    people.jobs.ensure(settings)
    ml.jobs.ensure(settings)
    activation.jobs.ensure(settings)
    activation.jobs.register(settings)
    name = "build" if stage == "all" else f"build.{stage}"
    part = f"{name} --select {select}" if select else name
    activation.jobs.begin_build(settings, part, day)
    with ended_by_signals():  # dbt ends with us, and the row in ops.runs says so
        built = logged(
            settings,
            name,
            day,
            lambda: run_dbt(settings, day, stage, select).as_dict(day) | {"notices": say_ahead(settings, day)},
            lambda r: (r["models"], r["models"], r["failed"]),
        )
    if built["ok"]:
        activation.jobs.end_build(settings, part, day)
    return built


def say_ahead(settings: Settings, day: date) -> list[str]:
    """What a build must not be silent about: days that have not begun, and a memory of segments that is newer than the day."""
    from insight.ahead import ahead, membership_day, notices

    newest = membership_day(settings)
    said = notices(ahead(settings, clock.today(settings)))
    if newest and newest > day:
        said.append(f"Segment history stands as of {newest} and was left as it is; this build is of {day}.")
    return said


def do_resolve(settings: Settings, day: date) -> Result:
    import people.jobs

    built = do_build(settings, day, "identity")
    if not built["ok"]:
        return {
            "day": day.isoformat(),
            "ok": False,
            "error": "; ".join(built["failures"]),
            "failures": built["failures"],
        }
    return logged(
        settings, "resolve", day, lambda: people.jobs.resolve(settings, day), lambda r: (r["records"], r["people"], 0)
    )


def do_train(settings: Settings, day: date, models: list[str] | None = None, missing: bool = False) -> Result:
    import ml.jobs

    return logged(
        settings,
        "train",
        day,
        lambda: ml.jobs.train(settings, day, models or [], missing_only=missing),
        lambda r: (0, len(r["models"]), 0),
    )


def do_score(settings: Settings, day: date, models: list[str] | None = None) -> Result:
    import ml.jobs

    return logged(
        settings, "score", day, lambda: ml.jobs.score(settings, day, models or []), lambda r: (0, *total(r, "models", "rows"), 0)
    )  # fmt: skip


def do_plan(settings: Settings, day: date, syncs: list[str] | None = None, detail: bool = False) -> Result:
    import activation.jobs

    return logged(
        settings, "plan", day, lambda: activation.jobs.plan(settings, day, syncs or [], detail),
        lambda r: (0, sum(total(r, "syncs", "adds", "updates", "removes")), 0),
    )  # fmt: skip


def do_push(
    settings: Settings, day: date, syncs: list[str] | None = None, overrides: dict[str, str] | None = None, **more: Any
) -> Result:
    import activation.jobs

    def work() -> Result:
        with stoppable() as stopped, progress() as tell:
            pushed = activation.jobs.push(
                settings, day, syncs or [], overrides or {}, tell=tell, stopped=stopped, **more
            )
        return pushed | {"alerts": activation.jobs.report(settings, pushed)}

    return logged(settings, "push", day, work, lambda r: total(r, "syncs", "attempted", "accepted", "rejected"))


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], str]]:
    """SIGINT and SIGTERM ask for an end: what is under way gets its answer, the rest stays for the next run. A second SIGINT cuts off."""
    why: list[str] = []

    def stop(number: int, _: Any) -> None:
        if why and number == signal.SIGINT:
            raise KeyboardInterrupt
        why.append(f"FL111 cancelled: {signal.Signals(number).name}")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: why[0] if why else ""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each sync, on a terminal only."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(sync: str, done: int, of: int) -> None:
            task = tasks.setdefault(sync, bars.add_task(sync, total=of)) if sync not in tasks else tasks[sync]
            bars.update(task, completed=done)

        yield tell


def do_rewind(settings: Settings, day: date, apply: bool) -> Result:
    """Each room takes back its own; shown first, and done with `apply`."""
    import activation.rewind
    import connectors.rewind
    import core.rewind
    import ml.rewind
    import people.rewind

    def work() -> Result:
        rooms = (connectors.rewind, people.rewind, ml.rewind, core.rewind, activation.rewind)
        parts = [part for room in rooms for part in room.rewind(settings, day, apply)]
        return {"day": day.isoformat(), "ok": True, "applied": apply, "parts": parts}

    return logged(settings, "rewind", day, work, lambda r: total(r, "parts", "rows") * 3) if apply else work()


NIGHT: list[tuple[str, Callable[[Settings, date], Result]]] = [
    ("pull", do_pull),
    ("resolve", do_resolve),
    ("build --stage before-scores", lambda s, d: do_build(s, d, "before-scores")),
    ("train --missing", lambda s, d: do_train(s, d, missing=True)),
    ("score", do_score),
    ("build --stage after-scores", lambda s, d: do_build(s, d, "after-scores")),
    ("plan", do_plan),
    ("push", do_push),
]


def do_withdrawals(settings: Settings, day: date) -> Result:
    """What a night that failed still owes: who has withdrawn is taken out of every channel."""
    from activation.push import Asked

    return do_push(settings, day, asked=Asked(withdrawals_only=True))


def do_step(settings: Settings, day: date, name: str, work: Callable[[Settings, date], Result]) -> Result:
    """One step of a night, with why it failed."""
    start = time.monotonic()
    try:
        result = work(settings, day)
    except StoppedError as error:
        result = {"ok": False, "error": str(error), "stopped": str(error)}
    except Exception as error:  # whatever went wrong, the night says so, and owes what it owes
        if known(error) is None and debug():
            traceback.print_exc()
        result = {"ok": False, "error": told(error)}
    done = {**result, "step": name, "ok": result.get("ok", True), "seconds": round(time.monotonic() - start, 2)}
    if not done["ok"]:
        done["error"] = result.get("error") or why_failed(result)
    line = f"{name}: {'done' if done['ok'] else 'FAILED'} in {done['seconds']} s"
    Console(stderr=True).print(line, highlight=False)
    return done


def do_run(settings: Settings, day: date) -> Result:
    """The night in order; the first step that fails ends it, but for the withdrawals, which need no step before."""
    from core.alerts import tell_of_step

    began, steps = time.monotonic(), []
    for name, work in NIGHT:
        steps.append(tell_of_step(settings, day, do_step(settings, day, name, work)))
        if not steps[-1]["ok"]:
            # a push itself takes out who withdrew where it refuses the rest; who asked for the end gets it
            if name != "push" and "stopped" not in steps[-1]:
                owed = do_step(settings, day, "push --withdrawals", do_withdrawals)
                steps.append(tell_of_step(settings, day, owed))
            break
    ok = all(s["ok"] for s in steps)
    return {"day": day.isoformat(), "ok": ok, "seconds": round(time.monotonic() - began, 2), "steps": steps}


# ---- the commands ----


@app.command()
def run(day: Day, later: Later = None, as_json: Json = False) -> None:
    """The whole night, in order, without Airflow: the same commands that the DAG runs."""
    answer(lambda s: do_run(s, day), as_json, tables.run, day, later)


@app.command()
def pull(
    sources: Names = None,
    day: Annotated[date | None, typer.Option("--day", parser=parse_day, metavar="D")] = None,
    first: Annotated[
        date | None, typer.Option("--from", parser=parse_day, metavar="D1", help="Backfill from this day …")
    ] = None,
    last: Annotated[date | None, typer.Option("--to", parser=parse_day, metavar="D2", help="… to this one.")] = None,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Only the sources that bring back what channels report.")
    ] = False,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Sources -> raw, contracts checked; bad rows to raw.rejects with source, file, line, reason."""
    final = last or day
    if final is None:
        raise typer.BadParameter("Say --day D, or --from D1 --to D2.")
    if first and first > final:
        raise typer.BadParameter(f"--from {first} is after --to {final}.")
    answer(lambda s: do_pull(s, final, sources, first, feedback), as_json, tables.pull, final, later)


@app.command()
def resolve(day: Day, later: Later = None, as_json: Json = False) -> None:
    """Entity resolution -> identity: who is whom."""
    answer(lambda s: do_resolve(s, day), as_json, tables.facts, day, later)


@app.command()
def build(
    day: Day,
    stage: Annotated[str, typer.Option(help="identity, before-scores, after-scores or all")] = "all",
    select: Annotated[str | None, typer.Option(help="dbt's own selection, instead of a stage")] = None,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """dbt: staging, intermediate and marts as of the day."""
    answer(lambda s: do_build(s, day, stage, select), as_json, tables.build, day, later)


@app.command()
def train(
    models: Names = None,
    day: Day = ...,  # type: ignore[assignment]
    missing: Annotated[bool, typer.Option("--missing", help="Only models without a promoted version.")] = False,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Train predictive models; promotion only by the spec's rule, and every reason said."""
    answer(lambda s: do_train(s, day, models, missing), as_json, tables.train, day, later)


@app.command()
def score(models: Names = None, day: Day = ..., later: Later = None, as_json: Json = False) -> None:  # type: ignore[assignment]
    """Score people with the promoted models."""
    answer(lambda s: do_score(s, day, models), as_json, tables.score, day, later)


@app.command()
def plan(
    syncs: Names = None,
    day: Day = ...,  # type: ignore[assignment]
    detail: Annotated[bool, typer.Option(help="Also a masked sample of people and the fields that change.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write the plan with its digest, for `push --plan`.")] = None,
    against: Annotated[str, typer.Option(help="A git revision: what the working tree changes in every audience.")] = "",
    markdown: Annotated[bool, typer.Option(help="With --against: a table for a pull request.")] = False,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """What would be added, updated, removed on each channel, and who is held back. Sends nothing."""
    if against:
        from activation import compare

        show = tables.markdown if markdown else tables.compared
        answer(lambda s: compare.against(s, day, against), as_json, show, day, later)

    def work(settings: Settings) -> Result:
        from activation import saved

        planned = do_plan(settings, day, syncs, detail or save is not None)
        return planned if save is None else planned | {"saved": saved.write(save, planned)}

    answer(work, as_json, tables.plan, day, later)


@app.command()
def push(
    syncs: Names = None,
    day: Day = ...,  # type: ignore[assignment]
    override: Override = None,
    from_plan: Annotated[
        Path | None, typer.Option("--plan", help="A saved plan; refused when the world has moved.")
    ] = None,
    only: Annotated[
        str, typer.Option(help="One person_id: a test of one row; of a feed, the person's events, or one event_id.")
    ] = "",
    resend: Annotated[
        bool, typer.Option(help="Send everybody again (full resync; or after a changed mapping).")
    ] = False,
    rebaseline: Annotated[
        bool, typer.Option(help="Take the present payloads as delivered; send only what is new.")
    ] = False,
    withdrawals: Annotated[
        bool, typer.Option(help="Only take out who has withdrawn; needs no audience of the day.")
    ] = False,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Only take out who has withdrawn, of syncs whose file is gone.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the vendors' jobs; else `fairlead collect` asks later.")] = True,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Apply the plan; refuses when a guard trips."""
    overrides = parse_overrides(override)
    if resend and rebaseline:
        raise typer.BadParameter("--resend sends everybody, --rebaseline nobody: choose one.")
    if withdrawals and (resend or rebaseline or from_plan):
        raise typer.BadParameter("--withdrawals sends nothing else: leave out --resend, --rebaseline and --plan.")
    if orphans and (syncs or only or resend or rebaseline or from_plan):
        raise typer.BadParameter("--orphans is of syncs whose file is gone, and goes with no sync and no other wish.")

    def work(settings: Settings) -> Result:
        from activation import saved
        from activation.delivery.send import Retry
        from activation.push import Asked

        digests = None if from_plan is None else saved.read(from_plan, day)
        asked = Asked(only=only, resend=resend, rebaseline=rebaseline, withdrawals_only=withdrawals)
        retry = Retry() if wait else Retry(job_seconds=0)
        return do_push(settings, day, syncs, overrides, asked=asked, retry=retry, digests=digests, only_orphans=orphans)

    answer(work, as_json, tables.push, day, later)


@app.command()
def retry(
    syncs: Names = None,
    day: Day = ...,  # type: ignore[assignment]
    override: Override = None,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Replay the dead letters: push only those whom the channel refused the last time."""
    overrides = parse_overrides(override)

    def work(settings: Settings) -> Result:
        from activation.push import Asked

        return do_push(settings, day, syncs, overrides, asked=Asked(rejected_only=True))

    answer(work, as_json, tables.push, day, later)


@app.command()
def collect(syncs: Names = None, as_json: Json = False) -> None:
    """Ask the vendors what became of the jobs still under way. Exit 3 while some are not done."""

    def work(settings: Settings) -> Result:
        import activation.jobs

        with stoppable() as stopped:
            return activation.jobs.collect(settings, syncs or [], stopped)

    answer(work, as_json, tables.collected)


@app.command()
def cancel(
    syncs: Annotated[list[str], typer.Argument(help="The syncs to end.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the run's outcome.")],
    as_json: Json = False,
) -> None:
    """End a running push cleanly: batches under way get their answer, the vendor's job is stopped, the rest waits."""

    def work(settings: Settings) -> Result:
        import activation.jobs

        return activation.jobs.cancel(settings, syncs, reason)

    answer(work, as_json, tables.facts)


def parse_overrides(given: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in given or []]
    if any(not guard or not reason.strip() for guard, _, reason in pairs):
        raise typer.BadParameter('--override takes GUARD="REASON"; the reason is logged.')
    return {guard: reason.strip() for guard, _, reason in pairs}


@app.command()
def why(person: str, as_json: Json = False) -> None:
    """One person: profile, identifiers, segments with the deciding values, scores with reasons, consents, deliveries."""
    from insight.why import why as ask

    answer(lambda s: ask(s, person), as_json, tables.why)


@app.command()
def summary(day: Day, later: Later = None, as_json: Json = False) -> None:
    """What the night did, for a marketer."""
    import activation.jobs
    from insight.summary import summary as ask

    def work(settings: Settings) -> Result:
        clock.refuse_later_day(settings, day, later)  # nothing is logged: what reads does not write
        return ask(settings, day, activation.jobs.places(settings), activation.jobs.resting(settings))

    answer(work, as_json, tables.summary)


@app.command()
def rewind(
    day: Day,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")] = False,
    as_json: Json = False,
) -> None:
    """Take back what lies after a day, each room its own; what was really sent is never forgotten."""
    answer(lambda s: do_rewind(s, day, apply), as_json, tables.rewind, day)


@app.command()
def query(sql: str, as_json: Json = False) -> None:
    """A read-only look into the warehouse."""
    from connectors.patience import ended_by_signals
    from insight.query import query as ask

    def work(settings: Settings) -> Result:
        with ended_by_signals():
            return ask(settings, sql)

    answer(work, as_json, tables.query)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check installation, settings, specs, warehouse, sources, channels and disk; say the mend for each fault."""
    import activation.jobs
    import connectors.check
    import ml.jobs
    from insight.doctor import check

    rooms = {
        "sources": connectors.check.check, "models": ml.jobs.check, "syncs and channels": activation.jobs.check,
    }  # fmt: skip
    answer(lambda s: check(s, rooms), as_json, tables.doctor)


@app.command()
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
    import sample_shop

    def work(settings: Settings) -> Result:
        written = sample_shop.write(settings.home, people=people, seed=seed, first_day=first, last_day=last, url=url)
        return {"ok": True, **asdict(written)}

    answer(work, as_json, tables.facts)


@new.command("source")
def new_source(
    name: str,
    data: Annotated[str, typer.Option("--from", help="A file, a pattern or a database URL.")],
    as_json: Json = False,
) -> None:
    """Look at the data, propose the mapping to Fairlead's entities, write the source file and its stg_ models."""
    from connectors import scaffold

    answer(lambda s: scaffold.new_source(s, name, data), as_json, tables.written, private=False)


@new.command("segment")
def new_segment(name: str, as_json: Json = False) -> None:
    """A segment's SQL file and its YAML twin."""
    from core import scaffold

    answer(lambda s: scaffold.new_segment(s.root, name), as_json, tables.written, private=False)


@new.command("model")
def new_model(name: str, as_json: Json = False) -> None:
    """A predictive model's YAML and the label it learns from."""
    from ml import scaffold

    answer(lambda s: scaffold.new_model(s, name), as_json, tables.written, private=False)


@new.command("channel")
def new_channel(name: str, as_json: Json = False) -> None:
    """A channel's one file, to be fitted to the vendor's shape."""
    from activation import scaffold

    answer(lambda s: scaffold.new_channel(s, name), as_json, tables.written, private=False)


@new.command("sync")
def new_sync(
    name: str,
    option: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, an option that the channel needs.")] = None,
    as_json: Json = False,
) -> None:
    """A sync's YAML, SEGMENT__CHANNEL or FEED__CHANNEL; paused until its plan was read."""
    from activation import scaffold

    def work(settings: Settings) -> Result:
        return scaffold.new_sync(settings, name, parse_options(option))

    answer(work, as_json, tables.written, private=False)


def parse_options(given: list[str] | None) -> Result:
    """KEY=VALUE as a sync's file would hold them. Raises ConfigError, which names no value: it may be somebody's."""
    pairs = [text.partition("=") for text in given or []]
    if any(not key.strip() or not equals for key, equals, _ in pairs):
        raise ConfigError("--option takes KEY=VALUE.")
    options = {key.strip(): read_value(value, f"--option {key.strip()}") for key, _, value in pairs}
    for key, value in options.items():
        try:
            json.dumps(value, default=str)
        except (TypeError, ValueError):
            raise ConfigError(f"--option {key}: what stands before a colon is a word.") from None
    return options


@app.command()
def register(as_json: Json = False) -> None:
    """Write down for the DAGs which channels' vendors work in jobs; each build does it too. Needs no warehouse."""
    from activation.in_jobs import write

    answer(lambda s: {"ok": True, "channels": write(s)}, as_json, tables.facts)


@app.command("tell")
def tell_failed(
    step: str,
    error: Annotated[str, typer.Option(help="Why it failed, in a line.")],
    day: Annotated[date | None, typer.Option("--day", parser=parse_day, metavar="D", help="Else today.")] = None,
    as_json: Json = False,
) -> None:
    """Tell whoever [alerts] names that a step has failed: what Airflow types when a task has no try left. Needs no warehouse."""
    from core.alerts import tell_of_task

    told_of = tell_of_task(step, error, day)
    sys.stdout.write(to_json(told_of) + "\n" if as_json else f"{told_of['step']}: {told_of['told']}\n")
    raise typer.Exit(0 if told_of["ok"] else 1)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
