"""Which table is which entity, where several may be: the best of each, and two where they hold different rows."""

from typing import Any

from connectors.landing.tables import HOLD_A_NO
from connectors.understand.dictionary import noun_of
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import Match, candidates, match
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt
from connectors.understand.shapes import match_by_shape

VERSIONS = 0.3  # of the rows of the smaller table: what two counters share by chance is less
SALES = ("order", "invoice", "transaction", "donation")  # kinds of what may tell a sale, the surest first


def chosen_matches(mapper: Any) -> list[tuple[TableProposal, Match]]:
    """The best entity of each table that no exporter is known by; of two tables for one, both where they may be."""
    chosen: list[tuple[TableProposal, Match]] = []
    offers, both = [], []
    for table in mapper.proposal.tables:
        if table.name in mapper.known:
            continue
        found = candidates(table)
        wanted = mapper.answers.get(f"entity:{table.name}")
        if (pair := _people_and_consents(table, found)) and wanted in (None, "people"):
            both.append((table, *pair))
        elif found:
            _tell_of_rivals(mapper, table, found)
        if wanted:
            found = [m for m in found if m.entity == wanted]
        if not found and not wanted and (shaped := match_by_shape(mapper, table)):
            found = [shaped]
            mapper.plan.doubts.append(Doubt(
                HEAVY, table.name, f"it is taken for {shaped.entity} by its shape alone: {shaped.because[0]}",
                "Read its staging model, and delete it where it is none",
            ))  # fmt: skip
        if found:
            offers.append((found[0].merit, table, found))
    for _, table, found in sorted(offers, key=lambda o: (_rank(o[1]), -o[0], -o[1].rows, o[1].name)):
        if (taken := _first_that_may(mapper, table, found, chosen)) is not None:
            chosen.append((table, taken))
    _add_beside(mapper, chosen, both)
    if not mapper.plan.of("orders") and not any(_tells_money(m) for _, m in chosen):
        payments = _payments_as_orders(mapper, {t.name for t, _ in chosen})
        leads = [j.to_table for j in mapper.plan.joins if payments and j.table == payments[0][0].name]
        if payments and not any(_is_orders(name, chosen) for name in leads):
            chosen = [(t, m) for t, m in chosen if m.entity != "orders"] + payments
    order = [t.name for t in mapper.proposal.tables]
    return sorted(chosen, key=lambda c: (not _is_of_customers(c[0]), order.index(c[0].name)))


def _first_that_may(
    mapper: Any, table: TableProposal, found: list[Match], chosen: list[tuple[TableProposal, Match]]
) -> Match | None:
    """The likeliest entity; where another table is that already, the next one that this table's name says."""
    noun = noun_of(table.name)
    for offer in [found[0], *(m for m in found[1:] if noun is not None and noun[0] == m.entity)]:
        others = [t for t, m in chosen if m.entity == offer.entity]
        others += [mapper.proposal[p.table] for p in mapper.plan.of(offer.entity)]
        if not others or _may_stand_beside(mapper, table, offer, others):
            return offer
    return None


def _people_and_consents(table: TableProposal, found: list[Match]) -> tuple[Match, Match] | None:
    """A list of readers: what its rows say of who somebody is, and what they agreed to or refused."""
    noun, by_entity = noun_of(table.name), {match.entity: match for match in found}
    people, consents = by_entity.get("people"), by_entity.get("consents")
    if noun is None or noun[0] != "consents" or people is None or consents is None:
        return None
    has_name = not {"full_name", "first_name", "last_name"}.isdisjoint(people.columns)
    return (people, consents) if has_name and "status" in consents.columns else None


def _add_beside(
    mapper: Any, chosen: list[tuple[TableProposal, Match]], both: list[tuple[TableProposal, Match, Match]]
) -> None:
    """A list of readers taken for one is taken for the other too: a no is never lost, nor a name where no other table
    holds people.
    """
    for table, people, consents in both:
        taken = {match.entity for one, match in chosen if one is table}
        has_others = bool(mapper.plan.of("people")) or any(match.entity == "people" for _, match in chosen)
        is_answered = mapper.answers.get(f"entity:{table.name}") == "people"
        beside = [people] if taken == {"consents"} and not has_others else []
        beside += [consents] if "consents" not in taken and (taken or is_answered) else []
        chosen += [(table, match) for match in beside]
        if taken | {match.entity for match in beside} != {"people", "consents"}:
            _tell_of_rivals(mapper, table, [consents, people])
            continue
        mapper.plan.doubts.append(Doubt(
            LIGHT, table.name, "it holds people and what they agreed to or refused: both are written",
            f"Delete stg_{mapper.source}__people.sql where its rows are to be nobody's records",
        ))  # fmt: skip


def _tells_money(found: Match) -> bool:
    return found.entity == "order_lines" or (found.entity == "orders" and "revenue" in found.columns)


def _is_orders(name: str, chosen: list[tuple[TableProposal, Match]]) -> bool:
    """Whether a table was taken for orders: their payments are their amounts, and no sales of their own."""
    return any(table.name == name and found.entity == "orders" for table, found in chosen)


def _rank(table: TableProposal) -> int:
    """Orders before the invoices of them, and these before transactions: what was sold must count once."""
    noun = noun_of(table.name)
    return SALES.index(noun[1]) if noun is not None and noun[1] in SALES else 0


def _payments_as_orders(mapper: Any, taken: set[str]) -> list[tuple[TableProposal, Match]]:
    """Where nothing else tells a sale, each payment is one."""
    found = []
    for table in mapper.proposal.tables:
        if table.name not in taken | set(mapper.known) and noun_of(table.name) == ("other", "payment"):
            one = match(table, "orders", "payment")
            times = [c for c in table.of_type("timestamp", "date") if table.facts[c].filled]
            if "ordered_at" not in one.columns and len(times) == 1:
                one.columns["ordered_at"] = times[0]  # its only time
            if {"ordered_at", "revenue"} <= set(one.columns):
                found.append((table, one))
            else:
                mapper.plan.doubts.append(Doubt(
                    HEAVY, table.name, "no table tells a sale, and in these payments no amount and time were found",
                    "Map them in a staging model of orders",
                ))  # fmt: skip
    for table, one in found[:1]:
        one.because = ["no table holds orders, and its name says payment"]
        mapper.plan.doubts.append(Doubt(
            HEAVY, table.name, "there is no table of orders: each row of this one counts as one",
            "Delete its staging model where a payment is no sale",
        ))  # fmt: skip
    return found[:1]


def _tell_of_rivals(mapper: Any, table: TableProposal, found: list[Match]) -> None:
    close = [m for m in found[1:] if m.merit >= 0.85 * found[0].merit]
    if close:
        choices = {m.entity: ", ".join(m.because) for m in [found[0], *close]} | {"none": "a skeleton alone"}
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"it may be {' or '.join(m.entity for m in [found[0], *close])}",
            "Answer with --ask, or rename the staging model", "", "entity", choices, found[0].entity,
        ))  # fmt: skip


def _may_stand_beside(mapper: Any, table: TableProposal, offer: Match, others: list[TableProposal]) -> bool:
    """Whether two tables hold different rows of one entity: each named so, and neither's keys the other's."""
    noun = noun_of(table.name)
    named = noun is not None and noun[0] == offer.entity
    leads = {j.to_table for j in mapper.plan.joins if j.table == table.name and j.column in table.key}
    leads |= {
        j.table for j in mapper.plan.joins if j.to_table == table.name and j.column in mapper.proposal[j.table].key
    }
    clash = leads & {t.name for t in others} or {t.name for t in others if _are_versions(mapper, table, t)}
    named = named or (offer.entity == "people" and all(_is_of_one_shape(table, t) for t in others))
    is_told_twice = offer.entity == "orders" and _rank(table) > min(_rank(t) for t in others)
    if named and not clash and not is_told_twice:
        return True
    weight = HEAVY if named or offer.entity in HOLD_A_NO else MEDIUM  # a no that stands in it would count nowhere
    mapper.plan.doubts.append(Doubt(
        weight, table.name, f"it looks like {offer.entity} too, beside {others[0].name}"
        f"{', and their keys are each other' + chr(39) + 's' if clash else ''}: left out"
        f"{', or each sale would count twice' if is_told_twice else ''}",
        "A staging model of your own may unite them",
    ))  # fmt: skip
    return False


def _is_of_one_shape(table: TableProposal, other: TableProposal) -> bool:
    """Whether two tables have the same columns: two files of one export."""
    return {table.source_of(c) for c in table.columns} == {other.source_of(c) for c in other.columns}


def _are_versions(mapper: Any, table: TableProposal, other: TableProposal) -> bool:
    """Whether two tables hold the same rows at different times: many of the smaller one are the other's.

    By its key and what varies beside it: two shops may count their orders alike.
    """
    sources = [table.source_of(c) for c in table.key]
    if not sources or sources != [other.source_of(c) for c in other.key]:
        return False
    shared_columns = [s for c in table.columns if other.name_of(s := table.source_of(c)) and s not in sources]
    varied = sorted(shared_columns, key=lambda s: -table.facts[table.name_of(s) or ""].distinct)
    scratch = mapper.proposal.scratch
    cells = [", ".join(scratch.cell(t.name, s) for s in [*sources, *varied[:2]]) for t in (table, other)]
    both = (f"select {cell} from {scratch.table(t.name)}" for cell, t in zip(cells, (table, other), strict=True))
    shared = scratch.one(f"select count(*) from ({' intersect '.join(both)})")
    return bool(shared > VERSIONS * min(table.rows, other.rows))


def _is_of_customers(table: TableProposal) -> bool:
    """Customers come first: their numbers bear the source's name alone, those of leads `lead` as well."""
    return (noun_of(table.name) or ("", ""))[1] == "customer"
