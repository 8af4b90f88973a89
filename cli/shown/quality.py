"""The pages of `quality`: a table on the terminal, and a page for a browser that needs nothing from outside."""

from html import escape as escape_html
from typing import Any

from rich.console import Console

from cli.shown.layout import Result, escape, table, visible, without_empty

SHARES = ("completeness", "validity", "uniqueness", "consistency", "timeliness")
SOURCES = {"source": "source", "entity": "rows of", "rows": "rows", **{name: name for name in SHARES},
           "staleness": "days without news"}  # fmt: skip
WORST = {"source": "source", "entity": "rows of", "field": "field", "measure": "measure", "value": "passes",
         "judged": "of", "wrong": "do not"}  # fmt: skip
FINDINGS = {"source": "source", "column_name": "field", "flag": "flag", "effect": "effect", "records": "records",
            "example": "for example", "cleaned": "cleaned", "suggestion": "suggested"}  # fmt: skip
MOST = 30  # findings on the terminal; the page and --json have all
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1d2733;background:#fff}
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:600;border-bottom:2px solid #c9d2dc;padding:.3rem .6rem .3rem 0}
td{border-bottom:1px solid #e4e9ee;padding:.3rem .6rem .3rem 0;vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.low{color:#a3260b;font-weight:600}
.alarm{border-left:4px solid #a3260b;background:#fdf3f0;padding:.4rem .8rem;margin:.3rem 0}p.none{color:#55626f}
svg{height:1.3rem;width:7rem;display:block}"""
LOW = 0.9  # a share below is shown in colour and in bold


def quality(console: Console, result: Result) -> None:
    console.print(f"Data quality as of [bold]{result['day']}[/bold]\n")
    for line in result["alarm_lines"]:
        console.print(f"[red]ALARM[/red] {escape(line)}")
    console.print() if result["alarm_lines"] else None
    rows = [_as_percent(row, SHARES) for row in result["sources"]]
    table(console, "Sources", rows, SOURCES, right=SHARES)
    table(
        console, "Fields that pass least", [_as_percent(row, ("value",)) for row in result["worst"]], WORST, ("value",)
    )
    found = result["findings"][:MOST]
    table(console, "What cleansing found", found, without_empty(FINDINGS, found, "example", "cleaned", "suggestion"))
    if result.get("page"):
        console.print(f"Page: {escape(result['page'])}")


def _as_percent(row: Result, names: tuple[str, ...]) -> Result:
    return row | {name: _share(row[name]) for name in names}


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value * 100:.1f} %"


def html_page(result: Result, project: str) -> str:
    """One file, readable without a network; what sources said is shown as text and nothing else."""
    parts = [
        f"<h1>Data quality</h1><p>{_text(project)}, as of {_text(result['day'])}</p>",
        "<h2>Alarms</h2>",
        "".join(f'<div class="alarm">{_text(line)}</div>' for line in result["alarm_lines"])
        or '<p class="none">None.</p>',
        "<h2>Sources</h2>" + _html_table(result["sources"], SOURCES, result["trends"]),
        "<h2>Fields that pass least</h2>" + _html_table(result["worst"], WORST),
        "<h2>What cleansing found</h2>" + _html_table(result["findings"], _shown(FINDINGS, result["findings"])),
        "<h2>Every measure</h2>" + _html_table(result["measures"], {k: v for k, v in WORST.items() if k != "wrong"}),
    ]
    head = f'<meta charset="utf-8"><title>Data quality {_text(result["day"])}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _shown(columns: dict[str, str], rows: list[Result]) -> dict[str, str]:
    return without_empty(columns, rows, "example", "cleaned", "suggestion")


def _html_table(rows: list[Result], columns: dict[str, str], trends: dict[str, list[float]] | None = None) -> str:
    if not rows:
        return '<p class="none">Nothing.</p>'
    numbers = {name for name in columns for row in rows if isinstance(row.get(name), int | float)}
    head = "".join(f"<th{_kind(name, numbers)}>{_text(title)}</th>" for name, title in columns.items())
    head += "<th>completeness, last days</th>" if trends is not None else ""
    body = []
    for row in rows:
        cells = "".join(f"<td{_kind(name, numbers, row)}>{_html_cell(name, row)}</td>" for name in columns)
        if trends is not None:
            trend = f"{row['source']}.{row['entity']}.completeness"
            cells += f"<td>{_line(trends.get(trend, []))}</td>"
        body.append(f"<tr>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _kind(name: str, numbers: set[str], row: Result | None = None) -> str:
    value = (row or {}).get(name)
    is_low = name in (*SHARES, "value") and isinstance(value, float) and value < LOW and _is_share(row)
    classes = [*(["n"] if name in numbers else []), *(["low"] if is_low else [])]
    return f' class="{" ".join(classes)}"' if classes else ""


def _is_share(row: Result | None) -> bool:
    return (row or {}).get("measure") != "staleness"


def _html_cell(name: str, row: Result) -> str:
    value = row.get(name)
    if value is None:
        return "–"
    if name in (*SHARES, "value") and isinstance(value, float):
        return f"{value * 100:.1f}&nbsp;%" if _is_share(row) else f"{value:.0f} days"
    return f"{value:,}" if isinstance(value, int) else _text(value)


def _line(values: list[float]) -> str:
    """Values between 0 and 1 as a line; one point is none."""
    if len(values) < 2:
        return "–"
    step = 100 / (len(values) - 1)
    points = " ".join(f"{place * step:.1f},{20 - value * 18:.1f}" for place, value in enumerate(values))
    title = f"from {values[0]:.1%} to {values[-1]:.1%}"
    return (
        f'<svg viewBox="0 0 100 20" preserveAspectRatio="none" role="img"><title>{title}</title>'
        f'<polyline points="{points}" fill="none" stroke="#2b6cb0" stroke-width="1.5"/></svg>'
    )


def _text(value: Any) -> str:
    return escape_html(visible(str(value)))
