"""Tables of consents: a history of statements, a mailing list with the days of coming and going, a list of refusals."""

from typing import Any

from connectors.understand.dictionary import folded, meanings, noun_of, small
from connectors.understand.filling.statuses import granted_case, listed_words, words_of_a_yes
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.names import has_part
from connectors.understand.plan import HEAVY, MEDIUM, Doubt, Part
from connectors.understand.writing.expressions import cleaned, expression, text


def fill_consents(mapper: Any) -> None:
    """What a table of consents says, in our words; of a list that has days alone, a statement a day."""
    for part in mapper.plan.of("consents"):
        if not part.known_as and "status" in part.placed.values():
            _statements(mapper, part)
    for table in mapper.proposal.tables:
        if table.name in mapper.known or mapper.plan.part(table.name, "consents"):
            continue
        if table.identified("email") and not any(
            p.table == table.name and p.entity != "people" for p in mapper.plan.parts
        ):
            _list(mapper, table)


def _statements(mapper: Any, part: Part) -> None:
    """The words of the status, of the channel and of the purpose; rows for another purpose are none of ours."""
    table: TableProposal = mapper.proposal[part.table]
    by_role = {role: column for column, role in part.placed.items()}
    status, known = by_role["status"], meanings("consents")
    said = {meaning: [v for v, _ in table.facts[status].common if known.get(folded(v)) == meaning]
            for meaning in ("granted", "withdrawn")}  # fmt: skip
    granted = listed_words(words_of_a_yes(table, status, said["granted"] or ["granted"]))
    shown = f"lower({text(status, table)})"
    part.columns["status"] = granted_case(shown, granted)
    part.confirm = True
    unknown = [f"{v!r} {rows}" for v, rows in table.facts[status].common if folded(v) not in known]
    if unknown:
        mapper.plan.doubts.append(Doubt(
            HEAVY, table.name, f"{status}: no dictionary has {', '.join(unknown[:5])} rows: taken as a no", "", status
        ))  # fmt: skip
    for role in ("channel", "purpose"):
        if column := by_role.get(role):
            part.columns[role] = _words(mapper, part, table, column, role)
    mapper.plan.doubts.append(Doubt(
        HEAVY, table.name, f"it holds statements of consent: {_rows(table, status, said['granted'])} yes, "
        f"{_rows(table, status, said['withdrawn'])} no. A no counts at once; a yes does not, until somebody has "
        "confirmed it", "Read the forms they agreed to, then give --confirmed-by, or write who confirmed it into "
        f"stg_{mapper.source}__consents.sql", status,
    ))  # fmt: skip


def _rows(table: TableProposal, column: str, words: list[str]) -> int:
    return sum(rows for value, rows in table.facts[column].common if value in words)


def _words(mapper: Any, part: Part, table: TableProposal, column: str, role: str) -> str:
    """A column's words in ours; unknown ones stay, and stop as widely as they may.

    Rows of another purpose are left out.
    """
    known = meanings("consents", role)
    found: dict[str, list[str]] = {}
    for value, _ in table.facts[column].common:
        if meaning := known.get(folded(value)):
            found.setdefault(meaning, []).append(small(value))
    shown = f"lower({text(column, table)})"
    if others := found.pop("other", []):
        part.where.append(f"{shown} not in ({listed_words(others)})")
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"{column}: rows for {', '.join(others[:5])} are left out: other purposes", "", column
        ))  # fmt: skip
    branches = "".join(
        f"\n            when {shown} in ({listed_words(words)}) then '{meaning}'" for meaning, words in found.items()
    )
    return (
        f"case{branches}\n            else {cleaned(column, table)}\n        end"
        if branches
        else cleaned(column, table)
    )


def _list(mapper: Any, table: TableProposal) -> None:
    """Who came on one day and left on another; or whoever stands on a list of refusals."""
    noun = noun_of(table.name)
    days = table.of_type("timestamp", "date")
    given = next((c for c in days if has_part(c, "given")), None)
    taken = next((c for c in days if has_part(c, "taken")), None)
    is_refusal = noun == ("consents", "refusal")
    if not is_refusal and (given is None or taken is None):
        return
    if is_refusal:
        _add(mapper, table, taken or given or next(iter(days), None), "withdrawn", "")
        return
    _add(mapper, table, given, "granted", f"{given} is not null")
    _add(mapper, table, taken, "withdrawn", f"{taken} is not null")
    mapper.plan.doubts.append(Doubt(
        HEAVY, table.name, f"it is a mailing list: a yes at {given}, a no at {taken}. A no counts at once; a yes does "
        "not, until somebody has confirmed it", "Read the form they agreed to, then give --confirmed-by", given or "",
    ))  # fmt: skip


def _add(mapper: Any, table: TableProposal, day: str | None, status: str, where: str) -> None:
    address = table.identified("email")[0]
    part = Part(table.name, "consents", confirm=status == "granted", because="a list of those who agreed or refused")
    number = " || ':' || ".join(f"cast({c} as {{{{ type_of('text') }}}})" for c in table.key) or "_row_key"
    part.columns = {
        "consent_key": f"'{mapper.source}:{table.name}:{status}:' || {number}", "email": f"{address}__normalised",
        "channel": "'email'", "purpose": "'marketing'", "status": f"'{status}'", "collected_by": f"'{table.name}'",
    }  # fmt: skip
    part.placed = {address: "email"}
    if day:
        part.columns["occurred_at"] = expression(mapper.source, "consents", "occurred_at", day, table)
        part.placed[day] = "occurred_at"
    part.where = [where] if where else []
    mapper.plan.parts.append(part)
