"""The data dictionary as one HTML page that needs no network."""

from html import escape
from typing import Any

SHOWN = 8  # sources or receivers in one cell; the JSON beside it has all
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Data dictionary</title><style>
body {font: 14px/1.4 system-ui, sans-serif; margin: 2rem; color: #222}
table {border-collapse: collapse; width: 100%; margin: .5rem 0 2rem}
th, td {text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #ddd}
th {background: #f4f4f4; position: sticky; top: 0}
td.code, h2 {font-family: ui-monospace, monospace}
input {width: 30rem; max-width: 100%; padding: .4rem; font: inherit}
.sensitive {background: #fde7e7} .contact {background: #fff4dc} .none {background: #ffd0d0; font-weight: bold}
</style></head><body><h1>Data dictionary</h1>
"""
FILTER = """<p><input id="words" placeholder="column, class, owner, source, sync …" aria-label="filter"></p>
"""
SCRIPT = """<script>
const words = document.getElementById("words")
words.addEventListener("input", () => {
  const wanted = words.value.toLowerCase()
  for (const section of document.querySelectorAll("section")) {
    let shown = 0
    for (const row of section.querySelectorAll("tbody tr")) {
      const fits = (section.id + " " + row.textContent).toLowerCase().includes(wanted)
      row.hidden = !fits
      shown += fits
    }
    section.hidden = !shown
  }
})
</script></body></html>
"""
COLUMNS = ("column", "type", "description", "class", "owner", "purpose", "retention", "comes from", "received by")


def render(dictionary: dict[str, Any]) -> str:
    count = sum(len(table["columns"]) for table in dictionary["tables"])
    facts = f"{len(dictionary['tables'])} tables, {count} columns, as of {dictionary['written_at']} UTC."
    faults = "".join(f"<li>{escape(fault)}</li>" for fault in dictionary["faults"])
    sections = "".join(_section(table) for table in dictionary["tables"])
    return f"{HEAD}<p>{facts}</p>{f'<ul>{faults}</ul>' if faults else ''}{FILTER}{sections}{SCRIPT}"


def _section(table: dict[str, Any]) -> str:
    words = [table.get("owner", ""), table.get("purpose", ""), table["retention_means"], table["model"]]
    heads = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(_row(column) for column in table["columns"])
    name = escape(table["table"])
    return (
        f'<section id="{name}"><h2>{name}</h2><p>{escape(table.get("description", ""))}</p>'
        f"<p>{escape(' · '.join(word for word in words if word))}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>\n"
    )


def _row(column: dict[str, Any]) -> str:
    received = [f"{one['channel']}.{one['field']} ({one['sync']})" for one in column["receivers"]]
    sources = column["sources"] or [f"chosen by {name}" for name in column["chosen_by"]] or ["a constant"]
    cells = [column["type"], column["description"]]
    owned = [column["owner"], column["purpose"], column["retention"], _some(sources), _some(received)]
    data_class = column["data_class"]
    return (
        f'<tr><td class="code">{escape(column["column"])}</td>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + f'<td class="{escape(data_class) or "none"}">{escape(data_class) or "none"}</td>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in owned)
        + "</tr>\n"
    )


def _some(names: list[str]) -> str:
    more = f", … and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
