"""Tell somebody when a step needs a person: Slack, a webhook, e-mail, as [alerts] in fairlead.toml says.

One way for every step: a push that was refused, a step of `fairlead run`, a failed task of Airflow.
Nothing personal is in an alert.

A push judges itself and keeps its alerts in activation.alerts; those of all other steps stand in ops.alerts.
"""

import smtplib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NotRequired, TypedDict

from core import clock
from core.errors import ConfigError, FairleadError
from core.home import guard
from core.outside import Mail, Place, post, send
from core.project.files import projects
from core.run_log import ALERTS
from core.settings import Settings, bare_settings, load_settings
from core.tables import ensure
from core.unexpected import message
from core.warehouse import connect

PHASES = 3  # a telling may take so many times `timeout_seconds` in all: connection, sending, answer
SUBJECT_LENGTH = 120
DETAIL_LENGTH = 1000
MOST_TOLD = 20  # alerts of one message; all are kept
RECORD_SECONDS = 30.0  # for the warehouse: the alert is out, and whoever has the file may be the step that hangs
TOLD = "told"
Outcomes = dict[str, str]  # way (slack, webhook, e-mail) -> `told`, or what went wrong


class Alert(TypedDict):
    """What a webhook gets, as JSON."""

    step: str  # the command, or the task that ran it: push, run.pull, nightly.plan
    sync: NotRequired[str]  # of a push
    run_id: NotRequired[str | None]
    kind: str  # failed; of a push also refused, rejected, emptied, in_doubt
    detail: str


def tell(settings: Settings, day: date | str, alerts: Sequence[Alert]) -> Outcomes:
    """Tell whoever is to be told, of one step's alerts. A telling that fails is in the outcomes, not raised."""
    lines = [f"{alert.get('sync') or alert['step']}: {alert['kind']}: {alert['detail']}" for alert in alerts]
    text = "\n".join([f"Fairlead, {settings.project.name}, {alerts[0]['step']} of {day}:", *lines])
    content = {"day": str(day), "project": settings.project.name, "alerts": alerts}
    return {name: _outcome(way) for name, way in _ways(settings, lines[0], text, content).items()}


def summed(outcomes: Outcomes) -> str:
    """The outcomes as one line, as the tables of alerts keep it."""
    return "; ".join(f"{name}: {outcome}" for name, outcome in outcomes.items()) or "nobody: [alerts] is empty"


def tell_failure(settings: Settings, step: str, day: date, error: str, *, record: bool = True) -> dict[str, Any]:
    """Tell of a step that failed, then write it down; {step, day, kind, detail, told, ok, recorded}. Raises nothing.

    ok         every way that is set up was taken
    recorded   in ops.alerts; else why not: the warehouse may be what failed
    """
    detail = _one_line(error)[:DETAIL_LENGTH] or "no reason was given; the step's log has it"
    alert: Alert = {"step": step, "kind": "failed", "detail": detail}
    outcomes = tell(settings, day, [alert])
    record_outcome = _record(settings, alert, day, outcomes) if record else "no: fairlead.toml cannot be read"
    ok = all(outcome == TOLD for outcome in outcomes.values())
    return {**alert, "day": day.isoformat(), "told": summed(outcomes), "ok": ok, "recorded": record_outcome}


def tell_once(settings: Settings, step: str, day: date, kind: str, details: Sequence[str]) -> list[Alert]:
    """Tell of what a step found, in one message, and write it down; what was told of that day is not told again."""
    with connect(settings, writer="ops") as db:
        ensure(db, ALERTS)
        told = db.query("select detail from ops.alerts where step = $1 and day = $2 and kind = $3", [step, day, kind])
    known = set(told["detail"].to_pylist())
    fresh = [line for detail in dict.fromkeys(details) if (line := _one_line(detail)[:DETAIL_LENGTH]) not in known]
    alerts: list[Alert] = [{"step": step, "kind": kind, "detail": line} for line in fresh]
    if alerts:
        outcomes = tell(settings, day, _shortened(alerts))
        for alert in alerts:
            _record(settings, alert, day, outcomes)
    return alerts


def _shortened(alerts: list[Alert]) -> list[Alert]:
    rest = len(alerts) - MOST_TOLD
    if rest <= 0:
        return alerts
    return [*alerts[:MOST_TOLD], {**alerts[0], "detail": f"and {rest} more; ops.alerts has them all"}]


def tell_of_step(settings: Settings, day: date, step: dict[str, Any]) -> dict[str, Any]:
    """The object of a step of `fairlead run`, with its alert where it failed.

    A push has told its own alerts, and whoever asked for the end of a step knows of it.
    """
    if step["ok"] or "stopped" in step or "alerts" in step:
        return step
    return step | {"alerts": [tell_failure(settings, f"run.{step['step']}", day, step["error"])]}


def tell_of_task(step: str, error: str, day: date | None = None) -> dict[str, Any]:
    """The object of `fairlead tell`: of a step that something else ran (Airflow, cron).

    A fairlead.toml that cannot be read fails every step: Slack and the webhook are told all the same, by the usual
    names of their variables.
    """
    try:
        settings = load_settings()
        guard(settings.home, *projects(settings))
        return tell_failure(settings, step, day or clock.today(settings), error)
    except ConfigError as mistake:
        settings, reason = bare_settings(), f"{error}; {mistake}"
        return tell_failure(settings, step, day or clock.today(settings), reason, record=False)


def _record(settings: Settings, alert: Alert, day: date, outcomes: Outcomes) -> str:
    """Where the alert stands now; or that it stands nowhere, and why."""
    short = min(settings.warehouse.lock_wait_seconds, RECORD_SECONDS)
    hurried = settings.warehouse.model_copy(update={"lock_wait_seconds": short})
    try:
        with connect(settings.model_copy(update={"warehouse": hurried}), writer="ops") as db:
            ensure(db, ALERTS)
            row = [alert["step"], day, alert["kind"], alert["detail"], summed(outcomes), clock.now()]
            db.execute("insert into ops.alerts values ($1, $2, $3, $4, $5, $6)", row)
    except Exception as error:  # the alert is out: where it could not be kept must not hide what failed
        return f"no: {_one_line(message(error))}"
    return "ops.alerts"


def _one_line(text: str) -> str:
    """Without line ends and control signs: it becomes a mail's subject, and a line on a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _ways(settings: Settings, subject: str, text: str, content: Any) -> dict[str, Callable[[], None]]:
    """Each way that is set up, in order."""
    section, ways = settings.alerts, dict[str, Callable[[], None]]()

    def place(name: str, variable: str, url: str) -> Place:
        return Place(f"alerts.{name}", url, variable, section.timeout_seconds, section.timeout_seconds * PHASES)

    if slack := settings.find_secret(section.slack_env):
        ways["slack"] = lambda: post(place("slack", section.slack_env, slack), {"text": text})
    if hook := settings.find_secret(section.webhook_env):
        ways["webhook"] = lambda: post(place("webhook", section.webhook_env, hook), content)
    if section.email_to and (server := settings.find_secret(section.smtp_url_env)):
        mail = Mail(tuple(section.email_to), section.email_from or section.email_to[0], subject[:SUBJECT_LENGTH], text)
        ways["e-mail"] = lambda: send(place("e-mail", section.smtp_url_env, server), mail)
    return ways


def _outcome(way: Callable[[], None]) -> str:
    try:
        way()
    except FairleadError as error:
        return str(error)
    except (OSError, smtplib.SMTPException) as error:  # a server's words may repeat what it was told
        return " ".join([type(error).__name__, str(getattr(error, "smtp_code", "") or "")]).rstrip()
    except Exception as error:  # an address that is none, whose words repeat a part of it
        return f"{type(error).__name__}: [alerts] or the variable that it names holds no address that can be used"
    return TOLD
