"""The result as Markdown: one table a question, every system in it that was asked."""

from collections.abc import Iterator
from typing import Any


def markdown(found: dict[str, Any]) -> str:
    lines = [f"# Activation, measured {found['at']}", "", f"{found['machine']}; {found['rows']:,} rows", ""]
    for title, head, rows in _tables(found):
        lines += [f"## {title}", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(map(_text, row))} |" for row in rows]
        lines.append("")
    lines += ["## Ratios", "", *(f"- {name}: {value}" for name, value in found["ratios"].items()), ""]
    return "\n".join(lines)


def _tables(found: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
    head: tuple[str, ...] = ("system", "rows/s", "seconds", "of the cores", "peak MiB", "settings")
    yield "DuckDB to batched HTTP, everything once", head, list(_throughput(found))
    yield (
        "Nothing changed, and one in a hundred",
        ("what", "rows", "seconds", "peak MiB", "rows sent"),
        list(_diffs(found)),
    )
    yield "E-mail over SMTP", ("what", "messages/s", "seconds", "peak MiB", "settings"), list(_mails(found["smtp"]))
    head = ("system", "way", "sent, run by run", "bad row tried", "people there in the end")
    yield "One bad row of 10,000, three runs", head, list(_poisons(found))


def _throughput(found: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for shape, ceiling in found["receiver"].items():
        yield (
            f"receiver's ceiling, {shape}",
            ceiling["rows_per_second"],
            "",
            "",
            "",
            f"{ceiling['rows_per_request']:,} rows a request",
        )
    runs = {"Fairlead": found["fairlead"], "Fairlead, a verdict a row": found["fairlead"]["with_verdicts"]}
    runs |= {
        f"Fairlead, {int(n):,} rows": night["push"]
        for n, night in found["fairlead"]["sizes"].items()
        if int(n) != found["rows"]
    }
    for system, run in {**runs, "drt": found["drt"], "dlt": found["dlt"]}.items():
        if "rows_per_second" not in run:
            yield system, run.get("error", "skipped"), "", "", "", ""
            continue
        settings = ", ".join(f"{k} {run[k]}" for k in ("form", "batch_size", "rows_per_request") if k in run)
        yield system, run["rows_per_second"], run["seconds"], run["cpu_seconds"], run["peak_mib"], settings


def _diffs(found: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for rows, bound in found["bound"].items():
        yield "bound: plain DuckDB hash diff", int(rows), bound["seconds"], bound["peak_mib"], ""
        night = found["fairlead"]["sizes"][rows]
        for name in ("diff_unchanged", "plan_unchanged", "push_unchanged", "push_one_percent"):
            run = night[name]
            yield f"Fairlead, {name.replace('_', ' ')}", int(rows), run["seconds"], run["peak_mib"], run.get("sent", "")
    for system in ("drt", "dlt"):
        for name, run in found[system].get("by_cursor", {}).items():
            yield (
                f"{system} by a cursor column, {name.replace('_', ' ')}",
                found["rows"],
                run["seconds"],
                run["peak_mib"],
                run["sent"],
            )
    for name in ("unchanged", "one_percent"):
        if run := found["drt_diff"].get(name):
            what = f"drt's diff, PostgreSQL to PostgreSQL, {name.replace('_', ' ')}"
            yield what, found["rows"], run["seconds"], run["peak_mib"], run["rows"]


def _poisons(found: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for system in ("fairlead", "drt", "dlt"):
        for way, told in found[system].get("poison", {}).items():
            yield (
                system,
                way,
                " · ".join(map(_text, told["sent"])),
                " · ".join(map(_text, told["bad_tried"])),
                told["people_there"],
            )


def _mails(told: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    if "error" in told:
        yield "Fairlead", told["error"], "", "", ""
        return
    size = f"{told['messages']:,} messages of {told['bytes_each']:,} bytes"
    yield (
        "Fairlead",
        told["messages_per_second"],
        told["seconds"],
        told["peak_mib"],
        f"{told['connections']} connections, {size}",
    )
    for connections, rate in told["bound_messages_per_second_by_connections"].items():
        yield "bound: smtplib, written messages", rate, "", "", f"{connections} connections"


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
