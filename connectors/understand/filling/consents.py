"""Consent as other tables tell it: proposed; a no counts at once, a yes when a person has confirmed it."""

from typing import Any

from connectors.understand.dictionary import folded, listed_of, meanings, small
from connectors.understand.filling.statuses import granted_case, listed_words, words_of_a_yes
from connectors.understand.legacy import bare_name
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import _names
from connectors.understand.names import has_part
from connectors.understand.plan import HEAVY, Doubt, Part
from connectors.understand.writing.expressions import expression, text

MOST_WORDS = 12  # different values of a column that says yes or no


def propose_consents(mapper: Any) -> None:
    """A part for each column of a people's table that tells a consent or a refusal; of orders, where they make people.

    An order's is a statement of its time.
    """
    people = {part.table for part in mapper.plan.of("people")}
    beside = [_contact(mapper, part) for part in mapper.plan.of("orders") if part.table not in people]
    for part in [*mapper.plan.of("people"), *(p for p in beside if p)]:
        table = mapper.proposal[part.table]
        if part.group_by or mapper.plan.part(table.name, "consents"):
            continue
        for column in table.columns:
            found = _told(table, column)
            if found and column not in part.placed:
                _propose(mapper, part, table, column, *found)


def _contact(mapper: Any, orders: Part) -> Part | None:
    """Who an order's buyer says to be, and when: a guest agrees there or nowhere."""
    table: TableProposal = mapper.proposal[orders.table]
    time = next((c for c, role in orders.placed.items() if role == "ordered_at"), "")
    if orders.known_as or not table.identified("email") or not time:
        return None
    address = f"{table.identified('email')[0]}__normalised"
    return Part(table.name, "people", {"email": address}, orders.placed, list(orders.person), list(orders.joined),
                newest_by=time)  # fmt: skip


def _told(table: TableProposal, column: str) -> tuple[str, bool] | None:
    """The channel that a column speaks of by its name, and whether it refuses; its values say yes or no."""
    facts, kind = table.facts[column], table.columns[column]["type"]
    if kind not in ("boolean", "text", "integer") or not 0 < facts.distinct <= MOST_WORDS:
        return None
    words = meanings("consents")
    is_readable = kind == "boolean" or sum(folded(v) in words for v, _ in facts.common) >= 0.5 * len(facts.common)
    if not is_readable:
        return None
    for topic in ("column", "refusal"):
        known = meanings("consents", topic)
        channel = next((known[folded(n)] for n in _names(table, column, "people", None) if folded(n) in known), None)
        if channel:
            return channel, topic == "refusal"
    names = [column, bare_name(table, column), table.source_of(column)]  # as it is, whole, and in its own script
    return next((found for name in names if name and (found := _by_parts(table, name))), None)


def _by_parts(table: TableProposal, column: str) -> tuple[str, bool] | None:
    """acepta_publicidad, zgoda_na_sms: somebody agreed, or did not, and to what."""
    channel = next((c for c in ("sms", "email", "mail") if has_part(column, c)), None)
    if channel == "mail" and not any(has_part(c, "email") and _agrees(c) for c in table.columns if c != column):
        channel = "mail" if not has_part(column, "mail_alone") else "email"  # beside no e-mail's it is meant
    about = channel is not None or has_part(column, "marketing")
    if not about or has_part(column, "delivery"):
        return None
    if has_part(column, "refusal"):
        return channel or "email", True
    return (channel or "email", False) if has_part(column, "agreement") or has_part(column, "marketing") else None


def _agrees(column: str) -> bool:
    return has_part(column, "agreement") or has_part(column, "refusal")


def _propose(mapper: Any, people: Part, table: TableProposal, column: str, channel: str, is_refusal: bool) -> None:
    part = Part(
        table.name,
        "consents",
        confirm=not is_refusal,
        because=f"{column} tells {'a refusal' if is_refusal else 'a consent'}",
    )
    known = meanings("consents")
    seen = [v for v, _ in table.facts[column].common if known.get(folded(v)) == "granted"]
    # what refuses may do so in words that come later; a yes is one that somebody has seen
    later = listed_of("consents", "granted") if is_refusal else []
    yes = words_of_a_yes(table, column, [*seen, *later] or ["granted"])
    listed = listed_words(yes)
    shown = f"lower({text(column, table)})"
    part.columns = {
        "consent_key": f"'{mapper.source}:{table.name}:{column}:' || {_number(table)}",
        "channel": f"'{channel}'", "purpose": "'marketing'",
        "status": "'withdrawn'" if is_refusal else granted_case(shown, listed),
        "collected_by": f"'{column}'",
    }  # fmt: skip
    for kind in ("email", "phone"):
        if kind in people.columns:
            part.columns[kind] = people.columns[kind]
    if day := _day_of(table, column):
        part.columns["occurred_at"] = expression(mapper.source, "consents", "occurred_at", day, table)
        people.placed.setdefault(day, "consents")
    elif people.newest_by:
        is_day = table.columns[people.newest_by]["type"] == "date"
        time = people.newest_by
        part.columns["occurred_at"] = f"cast({time} as {{{{ type_of('timestamp') }}}})" if is_day else time
    nothing = [small(v) for v, _ in table.facts[column].common if known.get(folded(v)) == "nothing"]
    said = f"{shown} not in ({listed_words(nothing)})" if nothing else f"{column} is not null"
    part.where = [f"{shown} in ({listed})" if is_refusal else said]
    _tell(mapper, part, people, table, column, channel, yes)


def _day_of(table: TableProposal, column: str) -> str | None:
    """The column that says when somebody said so: nwsbrief_gewijzigd, optin_dt."""
    days = [c for c in table.of_type("timestamp", "date") if table.facts[c].filled]
    stem = folded(column.rpartition("_")[0] or column) if column.endswith(("_yn", "_flag")) else folded(column)
    named = [c for c in days if folded(c).startswith(stem)]
    told = [c for c in days if has_part(c, "agreement") or has_part(c, "marketing")]
    found = named or (told if len(told) == 1 else [])
    return found[0] if found else None


def _number(table: TableProposal) -> str:
    """What tells a row from the others, as text."""
    numbered = " || ':' || ".join(f"cast({c} as {{{{ type_of('text') }}}})" for c in table.key or [])
    return numbered or "cast(_row_key as {{ type_of('text') }})"


def _tell(
    mapper: Any, part: Part, people: Part, table: TableProposal, column: str, channel: str, yes: list[str]
) -> None:
    """Put it into the plan, with what speaks for it."""
    part.placed, part.person, part.joined = {column: "status"}, list(people.person), list(people.joined)
    people.placed.setdefault(column, "consents")
    mapper.plan.parts.append(part)
    granted = sum(rows for value, rows in table.facts[column].common if small(value) in yes)
    if not part.confirm:
        text_of = f"{column} is read as a refusal of {channel}: {granted} rows; it counts at once"
        mapper.plan.doubts.append(Doubt(HEAVY, table.name, text_of, "", column))
        return
    mapper.plan.doubts.append(Doubt(
        HEAVY, table.name, f"{column} looks like a consent to marketing by {channel}: {granted} of {table.rows} rows "
        "say yes. A no counts at once; a yes does not, until somebody has confirmed it",
        f"Read the form they agreed to, then give --confirmed-by, or write it into stg_{mapper.source}__consents.sql",
        column,
    ))  # fmt: skip
