"""Status words by the declared dictionaries; what stands in none of them is a doubt."""

from dataclasses import dataclass, field

from connectors.understand.dictionary import _listed, folded, meanings, words_of
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt
from connectors.understand.writing.expressions import literal

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

    def when(self, otherwise: str) -> str:
        """Branches of a `case` for every meaning but the other one."""
        branches = []
        for meaning, words in self.of.items():
            if meaning != otherwise and words:
                listed = listed_words(words)
                branches.append(f"when {{{{ word('{self.column}') }}}} in ({listed}) then '{meaning}'")
        return "\n            ".join(branches)


def listed_words(words: list[str]) -> str:
    """As the list of an `in`, on as many lines as keep to the width."""
    lines = [""]
    for word in map(literal, words):
        if len(lines[-1]) + len(word) > 95:
            lines.append("")
        lines[-1] += f"{word}, "
    return "\n                ".join(line.rstrip() for line in lines).rstrip(",")


def granted_case(shown: str, granted: str) -> str:
    """A consent by its words; whatever else it says is none."""
    return (
        f"case\n            when {shown} in ({granted})\n                then 'granted'"
        "\n            else 'withdrawn'\n        end"
    )


def read_words(table: TableProposal, column: str, entity: str, answers: dict[str, str]) -> StatusWords:
    """The values of a column by the entity's dictionary, and the dictionary's own words, which may come later."""
    known = meanings(entity)
    found = StatusWords(column)
    for value, rows in table.facts[column].common:
        meaning = answers.get(f"status:{table.name}:{column}={value}") or known.get(folded(value))
        if meaning is None:
            found.unknown[value] = rows
            continue
        if meaning == "open" and entity == "orders":
            found.open_rows += rows
            meaning = "completed"
        _add(found.of.setdefault(meaning, []), value.lower())
    for meaning, languages in words_of("statuses")[entity]["status"].items():
        target = "completed" if meaning == "open" and entity == "orders" else meaning
        if target in found.of or meaning not in ("open", "completed"):
            for word in _listed({"en": str(languages["en"])}):
                for form in (word, word.replace("_", " ")):
                    _add(found.of.setdefault(target, []), form)
    return found


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
            f"{words.column} is {word!r} in {count} of {table.rows} rows; no dictionary has "
            f"the word. Taken as {otherwise}",
            f"Say what it means in the `case` of status in stg_…__{entity}.sql", f"{words.column}={word}", "status",
            CHOICES.get(entity, {}), otherwise,
        )
        for word, count in list(words.unknown.items())[:12]
    ]  # fmt: skip
    if is_long:
        told = f"{words.column} has {table.facts[words.column].distinct} different values"
        found.append(Doubt(HEAVY, table.name, told, "It may be no status", words.column))
    if words.open_rows:
        told = f"{words.open_rows} orders on their way ({words.column}) count as sales"
        mend = "Give them 'cancelled' in stg_…__orders.sql where they should not"
        found.append(Doubt(LIGHT, table.name, told, mend, words.column))
    return found
