"""Which table is which entity, where several may be: the best of each, and two where they hold different rows."""

from typing import Any

from connectors.understand.dictionary import noun_of
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import Match, candidates
from connectors.understand.plan import HEAVY, MEDIUM, Doubt


def chosen_matches(mapper: Any) -> list[tuple[TableProposal, Match]]:
    """The best entity of each table that no exporter is known by; of two tables for one, both where they may be."""
    chosen: list[tuple[TableProposal, Match]] = []
    offers = []
    for table in mapper.proposal.tables:
        if table.name in mapper.known:
            continue
        found = candidates(table)
        wanted = mapper.answers.get(f"entity:{table.name}")
        if found:
            _tell_of_rivals(mapper, table, found)
        if wanted:
            found = [m for m in found if m.entity == wanted]
        if found:
            offers.append((found[0].merit, table, found[0]))
    for _, table, match in sorted(offers, key=lambda o: (-o[0], o[1].name)):
        others = [t for t, m in chosen if m.entity == match.entity]
        others += [mapper.proposal[p.table] for p in mapper.plan.of(match.entity)]
        if others and not _may_stand_beside(mapper, table, match, others):
            continue
        chosen.append((table, match))
    order = [t.name for t in mapper.proposal.tables]
    return sorted(chosen, key=lambda c: (not _is_of_customers(c[0]), order.index(c[0].name)))


def _tell_of_rivals(mapper: Any, table: TableProposal, found: list[Match]) -> None:
    close = [m for m in found[1:] if m.merit >= 0.85 * found[0].merit]
    if close:
        choices = {m.entity: ", ".join(m.because) for m in [found[0], *close]} | {"none": "a skeleton alone"}
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"it may be {' or '.join(m.entity for m in [found[0], *close])}",
            "Answer with --ask, or rename the staging model", "", "entity", choices, found[0].entity,
        ))  # fmt: skip


def _may_stand_beside(mapper: Any, table: TableProposal, match: Match, others: list[TableProposal]) -> bool:
    """Whether two tables hold different rows of one entity: each named so, and neither's keys the other's."""
    noun = noun_of(table.name)
    named = noun is not None and noun[0] == match.entity
    leads = {j.to_table for j in mapper.plan.joins if j.table == table.name and j.column in table.key}
    leads |= {
        j.table for j in mapper.plan.joins if j.to_table == table.name and j.column in mapper.proposal[j.table].key
    }
    clash = leads & {t.name for t in others}
    if named and not clash:
        return True
    mapper.plan.doubts.append(Doubt(
        HEAVY if named else MEDIUM, table.name, f"it looks like {match.entity} too, beside {others[0].name}"
        f"{', and their keys are each other' + chr(39) + 's' if clash else ''}: left out",
        "A staging model of your own may unite them",
    ))  # fmt: skip
    return False


def _is_of_customers(table: TableProposal) -> bool:
    """Customers come first: their numbers bear the source's name alone, those of leads `lead` as well."""
    return (noun_of(table.name) or ("", ""))[1] == "customer"
