"""Tell somebody when a push needs a person: Slack, a webhook, e-mail, as [alerts] in fairlead.toml says. Every alert stands in
activation.alerts, with what became of the telling; nothing personal is in one.
"""

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from activation import ledger
from activation.channel import BatchRejected
from activation.sync import Sync, load_syncs
from activation.vendor import patience
from activation.vendor.http import Http, Request
from core.errors import FairleadError, FatalError
from core.settings import Settings
from core.warehouse import connect

PHASES = 3  # a telling may take so many times `timeout_seconds` in all: connection, sending, answer
Alert = dict[str, Any]  # sync, run_id, kind (failed · refused · rejected · emptied · in_doubt), detail


def tell(settings: Settings, pushed: dict[str, Any]) -> list[Alert]:
    """Judge the object of a push, tell whoever is to be told, write it down; the alerts. A failed telling is written, not raised."""
    syncs = load_syncs(settings)
    alerts = [a for p in pushed["syncs"] if p["sync"] in syncs for a in judge(syncs[p["sync"]], p)]
    if alerts:
        told = (
            "; ".join(_tell_all(settings, _text(settings, pushed["day"], alerts), pushed["day"], alerts))
            or "nobody: [alerts] is empty"
        )
        with connect(settings, writer="activation") as db:
            for alert in alerts:
                db.execute(
                    "insert into activation.alerts values ($1, $2, $3, $4, $5, $6)",
                    [alert["run_id"], alert["sync"], alert["kind"], alert["detail"], told, ledger.now()],
                )
    return alerts


def judge(sync: Sync, pushed: dict[str, Any]) -> list[Alert]:
    """What of one sync's push a person should hear of."""
    found: list[tuple[str, str]] = []
    if pushed["outcome"] in ("failed", "refused"):
        found.append((pushed["outcome"], pushed["error"] or "every row was rejected"))
    tried = pushed["attempted"]
    if tried and pushed["rejected"] / tried > sync.max_rejected_share:
        detail = f"{pushed['rejected']} of {tried} rejected; {sync.max_rejected_share:.0%} is the sync's limit"
        found.append(("rejected", detail))
    if pushed.get("place"):
        found.append(("emptied", pushed["place"]))
    if pushed["in_doubt"]:
        found.append(("in_doubt", f"{pushed['in_doubt']} rows without an answer"))
    return [{"sync": sync.name, "run_id": pushed["run_id"], "kind": kind, "detail": detail} for kind, detail in found]


def _text(settings: Settings, day: str, alerts: list[Alert]) -> str:
    lines = [f"{a['sync']}: {a['kind']}: {a['detail']}" for a in alerts]
    return "\n".join([f"Fairlead, {settings.project.name}, push of {day}:", *lines])


def _tell_all(settings: Settings, text: str, day: str, alerts: list[Alert]) -> list[str]:
    """What became of each way, in words; a way that is not set up is left out."""
    here, ways = settings.alerts, []
    slack, hook, smtp = (settings.find_secret(v) for v in (here.slack_env, here.webhook_env, here.smtp_url_env))
    if slack:
        ways.append(("slack", lambda: _post(settings, "slack", slack, {"text": text})))
    if hook:
        content = {"day": day, "project": settings.project.name, "alerts": alerts}
        ways.append(("webhook", lambda: _post(settings, "webhook", hook, content)))
    if smtp and here.email_to:
        longest = here.timeout_seconds * PHASES
        ways.append(("e-mail", lambda: patience.bounded(lambda: _mail(settings, smtp, text), longest, "alerts.e-mail")))
    return [f"{name}: {_outcome(send)}" for name, send in ways]


def _outcome(send: Callable[[], None]) -> str:
    try:
        send()
    except (FairleadError, BatchRejected) as error:
        return str(error)
    except (OSError, smtplib.SMTPException) as error:  # a server's words may repeat what it was told
        return " ".join([type(error).__name__, str(getattr(error, "smtp_code", "") or "")]).rstrip()
    except (
        Exception
    ) as error:  # an address that is none, whose words repeat a part of it: the alert itself is written all the same
        return f"{type(error).__name__}: [alerts] or the variable that it names holds no address that can be used"
    return "told"


def _post(settings: Settings, name: str, url: str, content: Any) -> None:
    seconds = settings.alerts.timeout_seconds
    http = Http(f"alerts.{name}", url, timeout_seconds=seconds, longest_seconds=seconds * PHASES)
    try:
        http.call(Request("POST", url, json=content))
    finally:
        http.close()


def _mail(settings: Settings, url: str, text: str) -> None:
    parts, here = urlsplit(url), settings.alerts
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or "@" in parts.path + parts.query + parts.fragment:
        raise FatalError(
            f"alerts.e-mail: {here.smtp_url_env} is no smtp://user:password@host:587; a / @ : # ? % of a password is written as %2F and so on."
        )
    message = EmailMessage()
    message["Subject"] = text.splitlines()[1][:120]
    message["From"], message["To"] = here.email_from or here.email_to[0], ", ".join(here.email_to)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    message.set_content(text)
    secure, port = parts.scheme == "smtps", parts.port or (465 if parts.scheme == "smtps" else 587)
    context = ssl.create_default_context()
    connection: smtplib.SMTP = (
        smtplib.SMTP_SSL(parts.hostname or "", port, timeout=here.timeout_seconds, context=context)
        if secure
        else smtplib.SMTP(parts.hostname or "", port, timeout=here.timeout_seconds)
    )
    with connection:
        connection.ehlo()
        if not secure and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
        elif not secure and parts.username:
            raise FatalError(
                f"alerts.e-mail: {parts.hostname} offers no STARTTLS, so nobody has signed in and nothing was sent. "
                f"Write smtps:// into {here.smtp_url_env}, or a server that offers it.", code="FL119",
            )  # fmt: skip
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.send_message(message)
