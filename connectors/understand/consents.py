"""Consent as other tables tell it: proposed; a no counts at once, a yes when a person has confirmed it."""

from typing import Any

from connectors.understand.dictionary import _listed, folded, meanings, words_of
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import _names
from connectors.understand.names import has_part
from connectors.understand.plan import HEAVY, Doubt, Part
from connectors.understand.statuses import listed_words
from connectors.understand.writing.expressions import text

MOST_WORDS = 12  # different values of a column that says yes or no


def propose_consents(mapper: Any) -> None:
    """A part for each column of a people's table that tells a consent or a refusal; of orders, where they make people.

    An order's is a statement of its time.
    """
    for part in mapper.plan.of("people"):
        table = mapper.proposal[part.table]
        if part.group_by or mapper.plan.part(table.name, "consents"):
            continue
        for column in table.columns:
            found = _told(table, column)
            if found and column not in part.placed:
                _propose(mapper, part, table, column, *found)


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
    return _by_parts(column)


def _by_parts(column: str) -> tuple[str, bool] | None:
    """acepta_publicidad, zgoda_na_sms: somebody agreed, or did not, and to what."""
    channel = next((c for c in ("sms", "mail", "email") if has_part(column, c)), None)
    about = channel is not None or has_part(column, "marketing")
    if not about:
        return None
    if has_part(column, "refusal"):
        return channel or "email", True
    return (channel or "email", False) if has_part(column, "agreement") else None


def _propose(mapper: Any, people: Part, table: TableProposal, column: str, channel: str, is_refusal: bool) -> None:
    part = Part(
        table.name,
        "consents",
        confirm=not is_refusal,
        because=f"{column} tells {'a refusal' if is_refusal else 'a consent'}",
    )
    known = meanings("consents")
    yes = sorted(
        {v.lower() for v, _ in table.facts[column].common if known.get(folded(v)) == "granted"} | set(_plain("granted"))
    )
    listed = listed_words(yes)
    shown = f"lower({text(column, table)})"
    part.columns = {
        "consent_key": f"'{mapper.source}:{table.name}:{column}:' || {_number(table)}",
        "channel": f"'{channel}'", "purpose": "'marketing'",
        "status": "'withdrawn'" if is_refusal else _granted(shown, listed),
        "collected_by": f"'{column}'",
    }  # fmt: skip
    for kind in ("email", "phone"):
        if kind in people.columns:
            part.columns[kind] = people.columns[kind]
    if people.newest_by:
        is_day = table.columns[people.newest_by]["type"] == "date"
        time = people.newest_by
        part.columns["occurred_at"] = f"cast({time} as {{{{ type_of('timestamp') }}}})" if is_day else time
    part.where = [f"{shown} in ({listed})" if is_refusal else f"{column} is not null"]
    _tell(mapper, part, people, table, column, channel, yes)


def _number(table: TableProposal) -> str:
    """What tells a row from the others, as text."""
    numbered = " || ':' || ".join(f"cast({c} as {{{{ type_of('text') }}}})" for c in table.key or [])
    return numbered or "cast(_row_id as {{ type_of('text') }})"


def _tell(
    mapper: Any, part: Part, people: Part, table: TableProposal, column: str, channel: str, yes: list[str]
) -> None:
    """Put it into the plan, with what speaks for it."""
    part.placed, part.person, part.joined = {column: "status"}, list(people.person), list(people.joined)
    people.placed.setdefault(column, "consents")
    mapper.plan.parts.append(part)
    granted = sum(rows for value, rows in table.facts[column].common if value.lower() in yes)
    if not part.confirm:
        text_of = f"{column} is read as a refusal of {channel}: {granted} rows; it counts at once"
        mapper.plan.doubts.append(Doubt(HEAVY, table.name, text_of, "", column))
        return
    mapper.plan.doubts.append(Doubt(
        HEAVY, table.name, f"{column} looks like a consent to marketing by {channel}: {granted} of {table.rows} rows "
        "say yes. A no counts at once; a yes does not, until somebody has confirmed it",
        f"Read the form they agreed to, then write who confirmed it into stg_{mapper.source}__consents.sql", column,
    ))  # fmt: skip


def _granted(shown: str, listed: str) -> str:
    """A consent by its words; whatever else it says is none."""
    return (
        f"case\n            when {shown} in ({listed})\n                then 'granted'"
        "\n            else 'withdrawn'\n        end"
    )


def _plain(meaning: str) -> list[str]:
    languages = words_of("statuses")["consents"]["status"][meaning]
    return [w.lower() for w in _listed({"en": str(languages["en"])})]
