"""The page of `check`."""

from rich.console import Console

from cli.shown.layout import Result, escape, table, without_empty

MARKS = {"wrong": "WRONG", "doubtful": "doubtful", "to_confirm": "to confirm"}
TABLES = {
    "table": "raw table", "source_rows": "in the source", "refused": "refused", "mended": "mended since",
    "raw": "in raw", "living": "living", "lost_to_key": "lost to the key", "staging": "staging",
}  # fmt: skip
JOINS = {"entity": "rows of", "column": "by", "to": "match", "rows": "rows", "named": "name one", "matched": "matched",
         "share": "share"}  # fmt: skip
IDENTIFIERS = {"entity": "rows of", "identifier": "named by", "rows": "rows", "humans": "humans",
               "known": "with a record"}  # fmt: skip
PEOPLE = {"records": "records", "people": "people", "records_a_person": "records a person",
          "most_records": "most of one", "elsewhere": "known elsewhere"}  # fmt: skip
CONSENTS = {"channel": "channel", "purpose": "purpose", "people": "people", "allowed": "allowed", "reasons": "else"}
REVENUE = {
    "month": "month", "orders": "orders", "source": "source", "staged": "here", "difference": "difference",
    "lines": "by its lines", "sales": "sales", "returns": "returns", "cancelled": "cancelled",
    "without_currency": "no currency", "without_person": "no person", "without_revenue": "orders without",
}  # fmt: skip
VALUES = {"entity": "rows of", "column": "column", "value": "value", "rows": "rows", "share": "share",
          "known": "known"}  # fmt: skip
NULLS = {"entity": "rows of", "column": "column", "nulls": "NULL", "share": "share"}
MONEY = ("source", "staged", "difference", "lines", "sales", "returns", "cancelled", "without_currency",
         "without_person")  # fmt: skip
LAST_MONTHS = 24  # shown; --json has all


def check(console: Console, result: Result) -> None:
    console.print(f"[bold]{escape(result['source'])}[/bold] as of {result['day']}\n")
    table(
        console, "Rows", result["tables"], without_empty(TABLES, result["tables"], "refused", "mended", "lost_to_key")
    )
    table(console, "What matches", [_as_percent(row) for row in result["joins"]], JOINS)
    table(console, "Humans are named by", result["identifiers"], IDENTIFIERS)
    table(console, "People", [result["people"]] if result["people"] else [], PEOPLE)
    _revenue(console, result)
    table(console, "Words that decide", [_as_percent(row) for row in result["values"]], VALUES)
    partly = [_as_percent(row) for row in result["nulls"] if row["mapped"] and row["nulls"]]
    table(console, "Columns that are mapped and partly NULL", partly, NULLS)
    table(console, "May we write?", result["consents"], CONSENTS)
    _doubts(console, result)


def _revenue(console: Console, result: Result) -> None:
    rows, source = result["revenue"], ", ".join(result["revenue_from"]) or "nothing that could be told"
    optional = ("lines", "returns", "cancelled", "without_currency", "without_person", "without_revenue")
    columns = without_empty(REVENUE, rows, *optional)
    table(
        console, f"Revenue by month; source: {source}", [_in_cents(row) for row in rows[-LAST_MONTHS:]], columns, MONEY
    )


def _in_cents(row: Result) -> Result:
    return row | {key: f"{row[key]:,.2f}" for key in MONEY if isinstance(row.get(key), int | float)}


def _as_percent(row: Result) -> Result:
    return row | {"share": "–" if row["share"] is None else f"{row['share']:.1%}"}


def _doubts(console: Console, result: Result) -> None:
    for doubt in result["doubts"]:
        place = f"{doubt['file']}:{doubt['line']}" if doubt["line"] else doubt["file"]
        console.print(
            f"{MARKS[doubt['weight']]:<11} {escape(doubt['about'])}: {escape(doubt['detail'])}", soft_wrap=True
        )
        mend = f"{place}: {doubt['mend']}" if place else doubt["mend"]
        console.print(f"            mend: {escape(mend)}", soft_wrap=True)
    wrong = sum(doubt["weight"] == "wrong" for doubt in result["doubts"])
    console.print(f"{len(result['doubts'])} doubts, {wrong} of them surely wrong.")
