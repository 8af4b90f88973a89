"""Status words by the declared dictionaries; what stands in none of them is a doubt."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from connectors.understand.dictionary import _listed, folded, meanings, parts, small, words_of
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt, Part
from connectors.understand.writing.expressions import literal, text

MOST_STATES = 12  # different values of a column that may be a status
BENT = 7  # letters of a word that is known by its beginning
# entity -> what the other words mean; `completed` holds what is on its way
OTHERWISE = {
    "orders": "completed",
    "deals": "open",
    "subscriptions": "active",
    "tickets": "open",
    "consents": "withdrawn",
}
CHOICES = {
    "orders": {"completed": "counts as a sale", "cancelled": "is none"},
    "deals": {"open": "still open", "won": "won", "lost": "lost"},
    "subscriptions": {"active": "runs", "cancelled": "was cancelled", "expired": "ran out"},
    "tickets": {"open": "open", "closed": "closed"},
}  # fmt: skip


@dataclass
class StatusWords:
    """What the words of one column mean."""

    column: str
    of: dict[str, list[str]] = field(default_factory=dict)  # meaning -> words, small letters
    unknown: dict[str, int] = field(default_factory=dict)  # word -> rows
    open_rows: int = 0
    shown: str = ""  # its values in SQL, as small letters
    labels: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)  # by its label or its parts: value -> words and meaning

    def label_of(self, value: str) -> str:
        label = self.labels.get(small(value))
        return f" ({label})" if label else ""

    def when(self, otherwise: str) -> str:
        """Branches of a `case` for every meaning but the other one."""
        branches = []
        for meaning, words in self.of.items():
            if meaning != otherwise and words:
                listed = listed_words(words)
                branches.append(f"when {self.shown} in ({listed}) then '{meaning}'")
        return "\n            ".join(branches)


def listed_words(words: list[str]) -> str:
    """As the list of an `in`, on as many lines as keep to the width."""
    lines = [""]
    for word in map(literal, words):
        if len(lines[-1]) + len(word) > 95:
            lines.append("")
        lines[-1] += f"{word}, "
    return "\n                ".join(line.rstrip() for line in lines).rstrip(",")


def words_of_a_yes(table: TableProposal, column: str, words: Iterable[str]) -> list[str]:
    """As SQL shows them: of what is read as a boolean a yes is shown as true."""
    yes = {small(word) for word in words}
    return sorted(yes | {"true"} if yes and table.columns[column]["type"] == "boolean" else yes)


def granted_case(shown: str, granted: str) -> str:
    """A consent by its words; whatever else it says is none."""
    return (
        f"case\n            when {shown} in ({granted})\n                then 'granted'"
        "\n            else 'withdrawn'\n        end"
    )


def read_words(
    table: TableProposal, column: str, entity: str, answers: dict[str, str], labels: dict[str, str] | None = None
) -> StatusWords:
    """The values of a column by the entity's dictionary, and the dictionary's own words, which may come later.

    labels    code, small -> its words, of a table that lists them
    """
    is_text = table.columns[column]["type"] == "text"
    found = StatusWords(
        column, labels=labels or {}, shown=f"{{{{ word('{column}') }}}}" if is_text else text(column, table)
    )
    for value, rows in table.facts[column].common:
        words = found.labels.get(small(value), value)
        answer = answers.get(f"status:{table.name}:{column}={value}")
        meaning = answer or meaning_of(words, entity)
        if meaning is None:
            found.unknown[value] = rows
            continue
        if not answer and folded(value) not in meanings(entity):
            found.read[value] = f"{words!r} ({meaning})"
        if meaning == "open" and entity == "orders":
            found.open_rows += rows
            meaning = "completed"
        _add(found.of.setdefault(meaning, []), small(value))
    for meaning, languages in words_of("statuses")[entity]["status"].items():
        target = "completed" if meaning == "open" and entity == "orders" else meaning
        if target in found.of or meaning not in ("open", "completed"):
            for word in _listed({"en": str(languages["en"])}):
                for form in (word, word.replace("_", " ")):
                    _add(found.of.setdefault(target, []), form)
    return found


def meaning_of(text: str, entity: str) -> str | None:
    """A status by the dictionary, else by its words: of several, the one that ends it; None where they disagree."""
    known = meanings(entity)
    if found := known.get(folded(text)):
        return found
    words = words_in(text)
    if words & parts("partly"):
        return None
    told = {known[w] for w in words if w in known} | {m for w in words if (m := _bent(w, entity))}
    told |= {known[k] for k in _unspaced(entity) if not text.isascii() and k in folded(text)}
    ending = told & {"cancelled", "lost", "expired", "closed"}
    return next(iter(ending)) if len(ending) == 1 else next(iter(told)) if len(told) == 1 else None


def words_in(text: str) -> set[str]:
    """Its words, two or three of them together, and what stands in it without spaces, as they are compared."""
    words = [folded(w) for w in re.split(r"[\W_]+", text) if w]
    unspaced = {k for k in parts("credit") if not k.isascii() and k in folded(text)}
    joined = ("".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))
    return {*joined, *unspaced}


@cache
def _bent(word: str, entity: str) -> str | None:
    """A long word by its beginning: languages that bend their words have many endings; None where they disagree."""
    near = {w: m for w, m in meanings(entity).items() if len(w) >= BENT and abs(len(w) - len(word)) <= 2}
    found = {m for w, m in near.items() if len(word) >= BENT and word.startswith(w[: max(BENT, len(w) - 1)])}
    return found.pop() if len(found) == 1 else None


@cache
def _unspaced(entity: str) -> tuple[str, ...]:
    """Words of languages that write without spaces, or glue their words; folded, Korean is in its letters."""
    return tuple(w for w in meanings(entity) if len(w) >= 2 and re.match(r"[\u1100-\u11ff\u3040-\u9fff]", w))


def _add(words: list[str], word: str) -> None:
    if word not in words:
        words.append(word)


def doubts_of(table: TableProposal, words: StatusWords, entity: str) -> list[Doubt]:
    """A question for each unknown word, by the rows that have it; and what is open counted as a sale."""
    otherwise, rows = OTHERWISE[entity], table.rows or 1
    is_long = not table.facts[words.column].common
    found = [
        Doubt(
            HEAVY if count > 0.05 * rows else MEDIUM, table.name,
            f"{words.column} is {word!r}{words.label_of(word)} in {count} of {table.rows} rows; no dictionary has "
            f"the word. Taken as {otherwise}",
            f"Say what it means in the `case` of status in stg_…__{entity}.sql", f"{words.column}={word}", "status",
            CHOICES.get(entity, {}), otherwise,
        )
        for word, count in list(words.unknown.items())[:12]
    ]  # fmt: skip
    if is_long:
        told = f"{words.column} has {table.facts[words.column].distinct} different values"
        found.append(Doubt(HEAVY, table.name, told, "It may be no status", words.column))
    if words.read:
        listed = ", ".join(f"{value} as {read}" for value, read in list(words.read.items())[:8])
        told = f"{words.column} is read by its parts or its label: {listed}"
        found.append(Doubt(MEDIUM, table.name, told, "", words.column))
    if words.open_rows:
        told = f"{words.open_rows} orders on their way ({words.column}) count as sales"
        mend = "Give them 'cancelled' in stg_…__orders.sql where they should not"
        found.append(Doubt(LIGHT, table.name, told, mend, words.column))
    return found


def no_status(table: TableProposal, part: Part) -> Doubt:
    """Every row counts; heavy where a column of a few words may say which do not."""
    told = f"no status: all {part.entity} count as {OTHERWISE[part.entity]}"
    coded = {
        c: [v for v, _ in f.common] for c, f in table.facts.items() if c not in part.placed and may_be_status(table, c)
    }
    if not coded:
        return Doubt(MEDIUM, table.name, told)
    listed = "; ".join(f"{c} is {', '.join(values[:6])}" for c, values in list(coded.items())[:5])
    mend = "Where one of them does, map it in a `case` of status in its staging model"
    return Doubt(HEAVY, table.name, f"{told}. Which of these says otherwise? {listed}", mend)


def may_be_status(table: TableProposal, column: str) -> bool:
    """Whether its values are a few short words or codes."""
    facts, kind = table.facts[column], table.columns[column]["type"]
    is_short = kind in ("text", "integer", "boolean") and 2 <= facts.distinct <= MOST_STATES and facts.longest <= 24
    return is_short and facts.filled > 0.5 * table.rows and table.rows > 5 * facts.distinct
