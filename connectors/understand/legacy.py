"""Names of old systems: FTDATA and FTIMPO of FATTE00F, a table's two letters before a word that is cut off."""

from connectors.understand.dictionary import folded, parts, roles
from connectors.understand.looking.proposal import TableProposal

LONGEST, PREFIX = 10, (2, 3)  # letters of such a name; of what all names of a table begin with
FEWEST, CUT = 4, 4  # columns; letters that are left of a word

OF_SALES = ("people", "orders", "order_lines", "products", "accounts")  # a cut word is enough for no other entity


def bare_name(table: TableProposal, column: str) -> str:
    """A column's name without what all of its table's names begin with; '' where they are no old system's."""
    prefix = _prefix(table)
    return folded(table.source_of(column))[len(prefix) :] if prefix else ""


def _prefix(table: TableProposal) -> str:
    names = [table.source_of(column) for column in table.columns]
    if len(names) < FEWEST or not all(n.isupper() and n.isalnum() and len(n) <= LONGEST for n in names):
        return ""
    count = next((n for n in range(LONGEST + 1) if len({name[: n + 1] for name in names}) > 1), 0)
    return names[0][:count].lower() if PREFIX[0] <= count <= PREFIX[1] else ""


def whole_words(table: TableProposal, column: str, entity: str) -> list[str]:
    """What a name may have been cut from: itself, and the words of an entity's one column that begin so."""
    bare = bare_name(table, column) if entity in OF_SALES else ""
    if not bare:
        return []
    begun = [(role, word) for word, meant in roles().items() for e, role, _ in meant
             if e == entity and len(bare) >= CUT and word.startswith(bare)]  # fmt: skip
    is_sure = len({role for role, _ in begun}) == 1
    return [bare, *sorted({word for _, word in begun}, key=len)[:1]] if is_sure else [bare]


def whole_part(table: TableProposal, column: str, topic: str) -> str:
    """The shortest word of a kind that a name was cut from; '' where there is none."""
    bare = bare_name(table, column)
    begun = [word for word in parts(topic) if len(bare) >= CUT and word.startswith(bare)]
    return min(begun, key=len, default="")


def leads_to(table: TableProposal, column: str, to: TableProposal) -> bool:
    """FTCLIE and ANCLI00F: a name that begins as a table's ends."""
    bare = bare_name(table, column)
    stem = folded(to.name).rstrip("0123456789f")
    return len(bare) >= CUT and len(stem) >= CUT and stem.endswith(bare[:3])
