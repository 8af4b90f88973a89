"""What a look must say of joins, tables and addresses, beside what it made of them."""

from typing import Any

from connectors.understand.dictionary import folded, meanings, noun_of
from connectors.understand.entities import NEEDED
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.names import has_part
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt, Part


def tell_of_joins(mapper: Any) -> None:
    for join in mapper.plan.joins:
        if join.share < 1:
            weight = HEAVY if join.share < 0.8 else MEDIUM if join.share < 0.99 else LIGHT
            mapper.plan.doubts.append(Doubt(
                weight, join.table, f"{join.of - join.found} of {join.of} values of {join.column} are not in "
                f"{join.to_table}.{join.to_column}", "Rows may be missing there", join.column,
            ))  # fmt: skip
    for table in mapper.proposal.tables:
        for column in sorted(table.unpadded):
            told = f"{column} has leading zeros in one table and none in another: they are taken off everywhere"
            mapper.plan.doubts.append(Doubt(MEDIUM, table.name, told, "", column))
    for join in mapper.broken:
        if join.of:
            mapper.plan.doubts.append(Doubt(
                MEDIUM, join.table, f"{join.column} is called as if it led to {join.to_table}, and {join.found} of "
                f"{join.of} values are found there: not joined", "", join.column,
            ))  # fmt: skip


def tell_of_emails(mapper: Any, part: Part) -> None:
    table = mapper.proposal[part.table]
    for column in table.identified("email")[:1]:
        facts = table.facts[column]
        if facts.filled - facts.distinct > 0.02 * max(facts.filled, 1):
            mapper.plan.doubts.append(Doubt(
                LIGHT, table.name, f"{facts.filled - facts.distinct} rows share an address of {column} "
                "with another: they "
                "become one person", "", column,
            ))  # fmt: skip


def tell_of_tables(mapper: Any) -> None:
    for left in mapper.proposal.left_out:
        mapper.plan.doubts.append(Doubt(LIGHT if left.is_light else MEDIUM, left.table, left.why, left.mend))
    taken = {part.table for part in mapper.plan.parts}
    for table in mapper.proposal.tables:
        noun = noun_of(table.name)
        if noun and noun[0] == "other":
            mapper.plan.nouns[table.name] = noun[1]
        is_told = any(d.table == table.name and "not taken off" in d.text for d in mapper.plan.doubts)
        is_taken = mapper.plan.part(table.name, "orders") is not None
        is_of_refunds = noun == ("other", "refund") or (table.name not in taken and _bears_refunds(table))
        if is_of_refunds and _names_orders(mapper, table) and not is_told and not is_taken:
            told = f"{table.rows} refunds lead to orders and are not taken off: revenue is before them"
            mapper.plan.doubts.append(Doubt(MEDIUM, table.name, told, "Unite them in stg_…__orders.sql as returns"))
        if not table.is_whole:
            mapper.plan.doubts.append(Doubt(MEDIUM, table.name, f"only the first {table.rows} rows were looked at", ""))
        if not table.rows:
            mapper.plan.doubts.append(Doubt(MEDIUM, table.name, "it is empty: names alone could be judged", ""))
        if not (noun and noun[0] == "other") and not table.list_of:
            mapper.plan.doubts += _untaken(mapper, table, noun)


def _bears_refunds(table: TableProposal) -> bool:
    """Whether an amount of its rows is one that was given back: refund_amount of claims."""
    return any(has_part(c, "credit") for c in table.of_type("number", "integer"))


def _names_orders(mapper: Any, table: TableProposal) -> bool:
    """Whether its rows lead to orders, or to the number of orders that are made of their lines."""
    if any(j.table == table.name and mapper.plan.part(j.to_table, "orders") for j in mapper.plan.joins):
        return True
    return any(part.group_by and part.group_by in table.columns for part in mapper.plan.of("orders"))


def _untaken(mapper: Any, table: TableProposal, noun: tuple[str, str] | None) -> list[Doubt]:
    """What a table was not taken for: for nothing, or not for what its name says, though for its people."""
    entities = {part.entity for part in mapper.plan.parts if part.table == table.name}
    written = "; a skeleton is written" if not entities else ""
    is_rival = any(d.table == table.name and f"like {noun and noun[0]} too" in d.text for d in mapper.plan.doubts)
    if noun is None or noun[0] not in NEEDED or is_rival:
        if noes := "" if entities else _column_of_noes(table):
            told = f"{noes} may hold noes, and the table was taken for no entity{written}: they would stop nobody"
            return [Doubt(HEAVY, table.name, told, "Map it to consents in its staging model", noes)]
        return [] if entities else [Doubt(MEDIUM, table.name, f"it was taken for no entity{written}")]
    if noun[0] in entities or (noun[0] == "order_lines" and "orders" in entities):
        return []
    wanted = " and ".join(group.replace("|", " or ") for group in NEEDED[noun[0]])
    told = f"its name says {noun[1].replace('_', ' ')}, and {wanted} was not found in it{written}"
    return [Doubt(HEAVY, table.name, told, "Give a column's type or format in the source file, and map it in staging")]


def _column_of_noes(table: TableProposal) -> str:
    """The column of a table with addresses most of whose words are those of a consent, a no among them; '' for none."""
    if not table.identified("email") and not table.identified("phone"):
        return ""
    states = meanings("consents")
    for column, facts in table.facts.items():
        known = [states.get(folded(value)) for value, _ in facts.common]
        if "withdrawn" in known and sum(state is not None for state in known) > 0.5 * len(known):
            return column
    return ""
