"""The pages of `why` and `review`."""

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
SHARED = {"identifier": "both have", "owner": "whose it is"}
VETOES = {"record_a": "record", "record_b": "record", "identifier": "both have", "because": "kept apart by"}
DECISIONS = {"record_a": "record", "record_b": "record", "verdict": "verdict", "reason": "reason", "decided_at": "at"}
PROVENANCE = {
    "field": "field", "value": "value", "source": "source", "record_id": "record", "said_at": "said", "rule": "rule",
    "candidates": "records", "distinct_values": "values",
}  # fmt: skip
CONFLICTS = {"field": "field", "source": "source", "records": "records that say otherwise", "people": "people"}
DISPUTED = {"person_id": "person", "fields": "fields", "others": "values beside"}
OVERRIDES = {
    "person_id": "person", "field": "field", "value": "value", "verdict": "verdict", "reason": "reason",
    "decided_by": "by", "decided_at": "at",
}  # fmt: skip
LINKS = {"record_a": "record", "record_b": "record", "probability": "probability", "match_weight": "weight"}
HISTORY = {"kind": "", "day": "day", "one": "person", "other": "and", "because": "because"}
MEMBERS = {"person_id": "person", "is_head": "head", "because": "because", "since_day": "since"}
STAYS = {"household_id": "household", "from_day": "from", "until_day": "until", "because": "because"}
DOUBTS = {"kind": "in doubt", "name": "name", "account_ids": "accounts", "people": "people wait", "detail": "why"}
HOUSEHOLDS = {"household_id": "household", "people": "people", "head_person_id": "head"}
GROUPED = {"kind": "of", "member_a": "one", "member_b": "other", "verdict": "verdict", "reason": "reason"}
SIZES = {"person_id": "person", "records": "records", "identifiers": "identifiers", "joined_share": "pairs joined"}


def why(console: Console, result: Result) -> None:
    console.print(f"[bold]{escape(str(result['person_id']))}[/bold]")
    profile, meanings = result["profile"], result["meanings"]
    facts(console, {k: v for k, v in profile.items() if v is not None and k not in meanings})
    console.print()
    own = [{"column": c, "value": profile[c], "meaning": m} for c, m in meanings.items() if profile.get(c) is not None]
    table(console, "Columns of your own", own, OWN)
    table(console, "Where it comes from", result["provenance"], PROVENANCE)
    table(console, "Known as", result["identifiers"], IDENTIFIERS)
    groups = result["groups"]
    if groups["household"]:
        table(console, f"Household {groups['household']['household_id']}", groups["members"], MEMBERS)
    table(console, "Households before", [row for row in groups["stays"] if row["until_day"]], STAYS)
    if groups["account"]:
        console.print("[bold]Account[/bold]")
        facts(console, {k: v for k, v in groups["account"].items() if v is not None})
        console.print()
    table(console, "Segments", result["segments"], SEGMENTS)
    table(console, "Scores", result["scores"], SCORES)
    table(console, "May we write?", result["consents"]["may_contact"], CONSENTS)
    table(console, "Audiences", result["audiences"], AUDIENCES)
    table(console, "Deliveries", result["deliveries"], DELIVERIES)
    table(console, "Events", result["events"], EVENTS)


def why_two(console: Console, result: Result) -> None:
    for side in (result["one"], result["other"]):
        console.print(f"{escape(side['asked'])}: person {escape(side['person_id'])}, {len(side['records'])} records")
    console.print(f"[bold]{'One person' if result['is_one'] else 'Two people'}.[/bold] {escape(result['because'])}")
    if result["path"]:
        console.print(escape(" – ".join(result["path"])), soft_wrap=True)
    console.print()
    table(console, "Shared", result["shared"], SHARED)
    table(console, "Kept apart", result["vetoes"], VETOES)
    table(console, "Probable links", result["links"], LINKS)
    if result.get("comparison"):
        console.print(f"[bold]Field by field[/bold], in bits for one human (model {result['comparison']['version']})")
        for line in result["comparison"]["lines"]:
            console.print(f"    {escape(line)}", soft_wrap=True)
        console.print()
    table(console, "Stewards", result["decisions"], DECISIONS)
    table(console, "Merges and splits", result["history"], HISTORY)


def decided(console: Console, result: Result) -> None:
    console.print(f"{escape(result['record_a'])} and {escape(result['record_b'])}: {result['verdict']}, from the next"
                  " `fairlead resolve` on.", soft_wrap=True)  # fmt: skip


def field_decided(console: Console, result: Result) -> None:
    said = f"is {result['value']}" if result["value"] is not None else "has no value"
    outcome = "as the records say it" if result["verdict"] == "undone" else said
    console.print(f"{escape(result['field'])} of {escape(result['person_id'])}: {escape(outcome)}, from the next"
                  " `fairlead resolve` and `fairlead build` on.", soft_wrap=True)  # fmt: skip


def review(console: Console, result: Result) -> None:
    for pair in result["pairs"]:
        at = f" at {pair['identifier']}" if pair.get("identifier") else ""
        console.print(
            f"{escape(pair['record_a'])}  {escape(pair['record_b'])}  {escape(pair['because'] + at)}", soft_wrap=True
        )
        for field, (one, other) in pair["fields"].items():
            console.print(f"    {field:<12} {escape(one or '–'):<28} {escape(other or '–')}", soft_wrap=True)
    console.print()
    table(console, "Largest", result["largest"], {k: v for k, v in SIZES.items() if k != "joined_share"})
    table(console, "Thinnest", result["thinnest"], SIZES)
    table(console, "Decided", result["decisions"], DECISIONS)
    table(console, "Fields on which records disagree", result["conflicts"], CONFLICTS)
    table(console, "Of whom most fields are in doubt", result["disputed"], DISPUTED)
    table(console, "Fields set", result["overrides"], OVERRIDES)
    table(console, "Accounts in doubt", result["doubts"], DOUBTS)
    table(console, "Largest households", result["largest_households"], HOUSEHOLDS)
    table(console, "Decided of households and accounts", result["group_decisions"], GROUPED)
