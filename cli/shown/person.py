"""The page of `why`."""

from rich.console import Console

from cli.shown.layout import Result, escape, facts, table

IDENTIFIERS = {"identifier": "identifier", "first_seen_day": "since"}
OWN = {"column": "column", "value": "value", "meaning": "what it means"}
SEGMENTS = {"segment": "segment", "entered_day": "entered", "left_day": "left", "decided_by": "because"}
SCORES = {
    "model": "model", "score": "score", "decile": "decile", "version": "version", "as_of_day": "as of",
    "reasons": "reasons",
}  # fmt: skip
CONSENTS = {
    "channel": "channel", "purpose": "purpose", "allowed": "allowed", "reason": "reason", "stopped_at": "said at",
    "stopped_for": "said by",
}  # fmt: skip
AUDIENCES = {"sync": "sync", "included": "included", "reason": "reason"}
DELIVERIES = {"sync": "sync", "op": "op", "status": "status", "updated_at": "at", "last_error": "last error"}
EVENTS = {
    "sync": "sync", "event_id": "event", "occurred_at": "happened", "reason": "reason", "status": "status",
}  # fmt: skip


def why(console: Console, result: Result) -> None:
    console.print(f"[bold]{escape(str(result['person_id']))}[/bold]")
    profile, meanings = result["profile"], result["meanings"]
    facts(console, {k: v for k, v in profile.items() if v is not None and k not in meanings})
    console.print()
    own = [{"column": c, "value": profile[c], "meaning": m} for c, m in meanings.items() if profile.get(c) is not None]
    table(console, "Columns of your own", own, OWN)
    table(console, "Known as", result["identifiers"], IDENTIFIERS)
    table(console, "Segments", result["segments"], SEGMENTS)
    table(console, "Scores", result["scores"], SCORES)
    table(console, "May we write?", result["consents"]["may_contact"], CONSENTS)
    table(console, "Audiences", result["audiences"], AUDIENCES)
    table(console, "Deliveries", result["deliveries"], DELIVERIES)
    table(console, "Events", result["events"], EVENTS)
