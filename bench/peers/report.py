"""The result as Markdown: one table a question, every system in it that was asked."""

from collections.abc import Iterator
from typing import Any


def markdown(result: dict[str, Any]) -> str:
    lines = [f"# Activation, measured {result['at']}", "", f"{result['machine']}; {result['rows']:,} rows", ""]
    for title, head, rows in _tables(result):
        lines += [f"## {title}", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(map(_text, row))} |" for row in rows]
        lines.append("")
    lines += ["## Ratios", "", *(f"- {name}: {value}" for name, value in result["ratios"].items()), ""]
    return "\n".join(lines)


def _tables(result: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
    head: tuple[str, ...] = ("system", "rows/s", "seconds", "of the cores", "peak MiB", "settings")
    yield "DuckDB to batched HTTP, everything once", head, list(_throughput(result))
    yield (
        "Nothing changed, and one in a hundred",
        ("what", "rows", "seconds", "peak MiB", "rows sent"),
        list(_diffs(result)),
    )
    yield "E-mail over SMTP", ("what", "messages/s", "seconds", "peak MiB", "settings"), list(_mails(result["smtp"]))
    head = ("system", "way", "sent, run by run", "bad row tried", "people there in the end")
    yield "One bad row of 10,000, three runs", head, list(_poisons(result))


def _throughput(result: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for shape, ceiling in result["receiver"].items():
        yield (
            f"receiver's ceiling, {shape}",
            ceiling["rows_per_second"],
            "",
            "",
            "",
            f"{ceiling['rows_per_request']:,} rows a request",
        )
    runs = {"Fairlead": result["fairlead"], "Fairlead, a verdict a row": result["fairlead"]["with_verdicts"]}
    runs |= {
        f"Fairlead, {int(n):,} rows": night["push"]
        for n, night in result["fairlead"]["sizes"].items()
        if int(n) != result["rows"]
    }
    for system, run in {**runs, "drt": result["drt"], "dlt": result["dlt"]}.items():
        if "rows_per_second" not in run:
            yield system, run.get("error", "skipped"), "", "", "", ""
            continue
        settings = ", ".join(f"{k} {run[k]}" for k in ("form", "batch_size", "rows_per_request") if k in run)
        yield system, run["rows_per_second"], run["seconds"], run["cpu_seconds"], run["peak_mib"], settings


def _diffs(result: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for rows, bound in result["bound"].items():
        yield "bound: plain DuckDB hash diff", int(rows), bound["seconds"], bound["peak_mib"], ""
        night = result["fairlead"]["sizes"][rows]
        for name in ("diff_unchanged", "plan_unchanged", "push_unchanged", "push_one_percent"):
            run = night[name]
            yield f"Fairlead, {name.replace('_', ' ')}", int(rows), run["seconds"], run["peak_mib"], run.get("sent", "")
    for system in ("drt", "dlt"):
        for name, run in result[system].get("by_cursor", {}).items():
            yield (
                f"{system} by a cursor column, {name.replace('_', ' ')}",
                result["rows"],
                run["seconds"],
                run["peak_mib"],
                run["sent"],
            )
    for name in ("unchanged", "one_percent"):
        if run := result["drt_diff"].get(name):
            label = f"drt's diff, PostgreSQL to PostgreSQL, {name.replace('_', ' ')}"
            yield label, result["rows"], run["seconds"], run["peak_mib"], run["rows"]


def _poisons(result: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for system in ("fairlead", "drt", "dlt"):
        for way, run in result[system].get("poison", {}).items():
            yield (
                system,
                way,
                " · ".join(map(_text, run["sent"])),
                " · ".join(map(_text, run["bad_tried"])),
                run["people_there"],
            )


def _mails(run: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    if "error" in run:
        yield "Fairlead", run["error"], "", "", ""
        return
    size = f"{run['messages']:,} messages of {run['bytes_each']:,} bytes"
    yield (
        "Fairlead",
        run["messages_per_second"],
        run["seconds"],
        run["peak_mib"],
        f"{run['connections']} connections, {size}",
    )
    for connections, rate in run["bound_messages_per_second_by_connections"].items():
        yield "bound: smtplib, written messages", rate, "", "", f"{connections} connections"


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
