"""How the command line shows each command's object to a person. Layout only: no number is computed here."""

import re
from typing import Any

from rich.console import Console
from rich.markup import escape as markup_escape
from rich.table import Table

# What moves a terminal's cursor, changes its title or turns a line around: C0 but tab and line end, DEL, C1, signs of direction.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
Result = dict[str, Any]
Rows = list[dict[str, Any]]


NEVER_WRAPPED = ("sync", "source", "table", "model", "segment", "step")  # names that are typed again


def escape(text: str) -> str:
    """Text as it may go to a terminal: data steers neither it nor our own markup."""
    return markup_escape(seen(text))


def seen(text: str) -> str:
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def table(console: Console, title: str, rows: Rows, columns: dict[str, str]) -> None:
    """One table; `columns` is key -> heading. Numbers stand right, with thousands; what is missing is an en dash."""
    if not rows:
        return
    grid = Table(
        title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2)
    )
    for key, heading in columns.items():
        numeric = any(isinstance(row.get(key), int | float) for row in rows)
        grid.add_column(
            escape(heading), justify="right" if numeric else "left", overflow="fold", no_wrap=key in NEVER_WRAPPED
        )
    for row in rows:
        grid.add_row(*(cell(row.get(key)) for key in columns))
    console.print(grid)
    console.print()


def cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, dict):
        return escape(", ".join(f"{k} {cell(v)}" for k, v in value.items())) or "–"
    if isinstance(value, list | tuple):
        return escape("; ".join(str(v) for v in value)) or "–"
    return escape(str(value))


def facts(console: Console, result: Result) -> None:
    """An object with no rows worth a table: key and value, line by line."""
    for key, value in result.items():
        console.print(f"[bold]{escape(str(key)):<16}[/bold] {cell(value)}")


def pull(console: Console, result: Result) -> None:
    columns = {"source": "source", "table": "table", "rows_in": "in", "rows_landed": "landed", "rows_rejected": "rejected", "rows_unchanged": "unchanged", "seconds": "s"}  # fmt: skip
    table(console, f"Pulled for {result['day']}", result.get("sources", []), columns)
    for row in result.get("sources", []):
        for key in ("error", "warnings", "columns_added"):
            if row.get(key):
                console.print(f"{row['source']}.{row.get('table', '')}: {key.replace('_', ' ')}: {cell(row[key])}")
    if "stopped" in result:
        console.print(escape(result["stopped"]))


def build(console: Console, result: Result) -> None:
    console.print(f"Built {result['models']} models and ran {result['tests']} tests for {result['day']} in {result['seconds']} s: {result['failed']} failed, {result['warned']} warned.")  # fmt: skip
    for line in result["failures"] + result["warnings"] + result.get("notices", []):
        console.print(f"  {escape(line)}")


def rewind(console: Console, result: Result) -> None:
    done = "Taken back" if result["applied"] else "Would be taken back"
    columns = {"table": "table", "rows": "rows", "what": "what becomes of them"}
    table(console, f"{done}: what lies after {result['day']}", result["parts"], columns)
    if not result["parts"]:
        console.print(f"Nothing lies after {result['day']}.")
    elif not result["applied"]:
        console.print(f"Nothing was changed. `fairlead rewind --day {result['day']} --apply` does it.")
    else:
        console.print("Now run the night: what is built from these tables stands as it was until then.")


def train(console: Console, result: Result) -> None:
    columns = {"model": "model", "version": "version", "promoted": "promoted", "metrics": "metrics", "baseline": "baseline", "reasons": "reasons"}  # fmt: skip
    table(console, f"Trained for {result['day']}", result["models"], columns)


def score(console: Console, result: Result) -> None:
    table(console, f"Scored for {result['day']}", result["models"], {"model": "model", "version": "version", "rows": "people", "seconds": "s", "reason": "why not"})  # fmt: skip


def plan(console: Console, result: Result) -> None:
    columns = {"sync": "sync", "channel": "channel", "audience": "audience", "adds": "add", "updates": "update", "removes": "remove", "unchanged": "unchanged", "waiting": "under way", "held_back": "held back", "api_calls": "calls", "minutes": "min", "cost": "cost"}  # fmt: skip
    spare = [key for key in ("waiting", "cost") if not any(sync.get(key) for sync in result["syncs"])]
    table(
        console,
        f"Plan for {result['day']} (nothing is sent)",
        result["syncs"],
        {k: v for k, v in columns.items() if k not in spare},
    )
    for sync in result["syncs"]:
        if sync.get("mapping_change"):
            console.print(f"{sync['sync']}: the mapping has changed: {cell(sync['mapping_change'])}")
        if sync.get("place"):
            console.print(escape(sync["place"]), soft_wrap=True)
        if sync.get("fields_changed"):
            console.print(f"{sync['sync']}: fields that updates change: {cell(sync['fields_changed'])}")
        for person in sync.get("sample", []):
            fields = "; ".join(f"{f}: {cell(v['from'])} → {cell(v['to'])}" for f, v in person["fields"].items())
            console.print(f"  {person['op']} {escape(person['person_id'])} ({person['reason']}): {fields}")
        for guard in sync.get("guards", []):
            if guard["tripped"]:
                console.print(
                    f"[bold]{sync['sync']}: guard {guard['guard']} trips[/bold]: {escape(str(guard['detail']))}"
                )
    orphans(console, result)
    if result.get("saved"):
        console.print(f"Saved: fairlead push --plan {escape(result['saved'])} --day {result['day']}")


def push(console: Console, result: Result) -> None:
    columns = {"sync": "sync", "channel": "channel", "outcome": "outcome", "attempted": "attempted", "accepted": "accepted", "rejected": "rejected", "in_doubt": "in doubt", "skipped": "skipped", "waiting": "under way", "seconds": "s", "error": "said"}  # fmt: skip
    spare = [key for key in ("waiting", "error") if not any(sync.get(key) for sync in result["syncs"])]
    table(console, f"Pushed for {result['day']}", result["syncs"], {k: v for k, v in columns.items() if k not in spare})
    for sync in result["syncs"]:
        if sync.get("place"):
            console.print(escape(sync["place"]), soft_wrap=True)
    orphans(console, result)


def orphans(console: Console, result: Result) -> None:
    """Syncs without a file, or without the use of their channel, whose people are still there."""
    for row in result.get("orphans", []):
        where = row.get("channel") or "their channel"
        mend = row.get("mend") or "`fairlead plan` says the mend"
        if row.get("why"):
            what = (
                f"is {row['why']}, and {row['withdrawn']:,} of its {row['people']:,} people on {where} have withdrawn"
            )
        else:
            what = f"has no file, and {row['people']:,} people are still on {where}"
        console.print(
            f"[bold]{escape(row['sync'])}[/bold] {escape(what)}: {escape(mend)}.",
            soft_wrap=True,
        )


def collected(console: Console, result: Result) -> None:
    columns = {"sync": "sync", "channel": "channel", "delivered": "delivered", "removed": "removed", "rejected": "rejected", "in_doubt": "in doubt", "waiting": "under way"}  # fmt: skip
    table(console, "Vendors' jobs", result["syncs"], columns)
    console.print(f"{result['waiting']:,} people are still under way." if result["waiting"] else "No job is under way.")


def compared(console: Console, result: Result) -> None:
    for what in ("segment", "sync"):
        columns = {what: what, "before": "before", "after": "after", "adds": "added", "removes": "removed"}
        table(console, f"Every {what} that changes against {result['against']}", result[f"{what}s"], columns)
    if not result["segments"] and not result["syncs"]:
        console.print(f"No segment and no audience changes against {escape(result['against'])}.")


def markdown(console: Console, result: Result) -> None:
    """For a pull request's comment."""
    lines = [f"### Audiences on {result['day']}, against `{result['against']}`", ""]
    for what in ("segment", "sync"):
        rows = result[f"{what}s"]
        lines += [f"| {what} | before | after | change |", "|---|--:|--:|--:|"] if rows else []
        lines += [
            f"| `{r[what]}` | {r['before']:,} | {r['after']:,} | +{r['adds']:,} / −{r['removes']:,} |" for r in rows
        ]
        lines += [""] if rows else []
    if not result["segments"] and not result["syncs"]:
        lines.append("No segment and no audience changes.")
    console.print("\n".join(lines), soft_wrap=True, markup=False)


def run(console: Console, result: Result) -> None:
    table(console, f"The night of {result['day']}: {'done' if result['ok'] else 'FAILED'} in {result['seconds']} s", result["steps"], {"step": "step", "ok": "ok", "seconds": "s", "error": "error"})  # fmt: skip


def why(console: Console, result: Result) -> None:
    console.print(f"[bold]{escape(str(result['person_id']))}[/bold]")
    facts(console, {k: v for k, v in result["profile"].items() if v is not None})
    console.print()
    table(console, "Known as", result["identifiers"], {"identifier": "identifier", "first_seen_day": "since"})
    table(
        console,
        "Segments",
        result["segments"],
        {"segment": "segment", "entered_day": "entered", "left_day": "left", "decided_by": "because"},
    )
    table(console, "Scores", result["scores"], {"model": "model", "score": "score", "decile": "decile", "version": "version", "as_of_day": "as of", "reasons": "reasons"})  # fmt: skip
    table(console, "May we write?", result["consents"]["may_contact"], {"channel": "channel", "purpose": "purpose", "allowed": "allowed", "reason": "reason", "stopped_at": "said at", "stopped_for": "said by"})  # fmt: skip
    table(console, "Audiences", result["audiences"], {"sync": "sync", "included": "included", "reason": "reason"})
    table(
        console,
        "Deliveries",
        result["deliveries"],
        {"sync": "sync", "op": "op", "status": "status", "updated_at": "at", "last_error": "last error"},
    )
    table(console, "Events", result["events"], {"sync": "sync", "event_id": "event", "occurred_at": "happened", "reason": "reason", "status": "status"})  # fmt: skip


def summary(console: Console, result: Result) -> None:
    console.print(f"\n[bold]The night of {result['day']}[/bold]\n")
    table(console, "What came in", result["sources"], {"source": "source", "rows_in": "rows", "landed": "landed", "rejected": "rejected", "unchanged": "unchanged"})  # fmt: skip
    table(
        console,
        "What was refused, and why",
        result["rejects"],
        {"source": "source", "table_name": "table", "reason": "reason", "rows": "rows"},
    )
    if result["people"]:
        people = result["people"]
        console.print(
            f"[bold]People[/bold]  {people['people']:,}: {people['customers']:,} customers, {people['leads']:,} leads"
            f" (found in {people['records'] or 0:,} records)\n"
        )
    table(
        console,
        "Segments",
        result["segments"],
        {"segment": "segment", "people": "people", "entered": "entered", "left_it": "left"},
    )
    models = [
        m
        | {
            "said": "in use"
            if m["promoted"]
            else "; ".join(m["reasons"] or [])
            if isinstance(m["reasons"], list)
            else m["reasons"]
        }
        for m in result["models"]
    ]
    table(console, "Predictive models", models, {"model": "model", "figure": "measure", "value": "model's", "rule": "rule of thumb's", "said": "said"})  # fmt: skip
    table(console, "Channels", result["channels"], {"sync": "sync", "added": "added", "updated": "updated", "removed": "removed", "rejected": "rejected", "skipped": "skipped", "said": "said"})  # fmt: skip
    doubts = [row for row in result["consents"] if row["kind"] != "stated"]
    table(
        console,
        "Statements of consent in doubt",
        doubts,
        {"source": "source", "kind": "kind", "statements": "statements"},
    )
    table(console, "Held back", result["held_back"], {"reason": "why", "people": "people", "syncs": "syncs"})
    for place in result.get("emptied", []):
        console.print(escape(place["detail"]), soft_wrap=True)
    orphans(console, result)
    for line in result["ahead"]:
        console.print(f"[bold]Ahead[/bold]  {escape(line)}", soft_wrap=True)
    console.print("[bold]Three things to try next[/bold]")
    for number, line in enumerate(result["next_steps"], 1):
        console.print(f"  {number}. {escape(line)}", soft_wrap=True)


def query(console: Console, result: Result) -> None:
    rows = [dict(zip(result["columns"], row, strict=True)) for row in result["rows"]]
    table(console, "", rows, {column: column for column in result["columns"]})
    console.print(f"{len(rows):,} rows")


def doctor(console: Console, result: Result) -> None:
    for check in result["checks"]:
        mark = "ok   " if check["ok"] else "FAULT"
        console.print(f"{mark}  {escape(check['check']):<22} {escape(check['detail'])}", soft_wrap=True)
        if not check["ok"]:
            console.print(f"       mend: {escape(check['mend'])}", soft_wrap=True)


def written(console: Console, result: Result) -> None:
    for path in result.get("files", []):
        console.print(f"wrote {escape(str(path))}")
    for key, value in result.items():
        if key not in ("files", "ok"):
            console.print(f"{key}: {cell(value)}")
