"""Which pairs are compared: counted rule by rule before any is made, so that no frequent value makes a million of them.

A value that too many records bear is left out of its rule, and told; its records are compared by the other rules.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from people.linkage.spec import LinkageSpec

Connection = Any  # DuckDB's: core alone imports it


@dataclass(frozen=True)
class Rule:
    """What one rule gives; `limit`: most records of one value that it compares."""

    rule: str
    values: int
    pairs: int
    limit: int
    values_left_out: int
    pairs_left_out: int

    @property
    def notice(self) -> str:
        return (
            f"{self.rule}: {self.values_left_out:,} values of more than {self.limit} records are not compared by this"
            f" rule ({self.pairs_left_out:,} pairs)."
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def key_of(rule: tuple[str, ...]) -> str:
    """SQL for what records of one block have in common; NULL where a part is missing."""
    return " || '|' || ".join(rule) if len(rule) > 1 else rule[0]


def count_rules(db: Connection, spec: LinkageSpec, table: str = "records") -> list[Rule]:
    """Each rule's pairs before they are made."""
    records = db.execute(f"select count(*) from {table}").fetchone()[0]
    rules = []
    for rule in spec.blocking.rules:
        sizes = db.execute(
            f"""select n, count(*) as blocks from (
                select count(*) as n from {table} where {key_of(rule)} is not null group by {key_of(rule)}
            ) where n > 1 group by n order by n"""
        ).fetchnumpy()
        rules.append(_count(spec, " + ".join(rule), sizes["n"], sizes["blocks"], records))
    return rules


def _count(spec: LinkageSpec, name: str, sizes: np.ndarray, blocks: np.ndarray, records: int) -> Rule:
    pairs = sizes.astype(np.float64) * (sizes - 1) / 2 * blocks
    cap = spec.blocking.max_records_per_value
    too_many = np.cumsum(pairs) > spec.blocking.max_pairs_per_record * max(records, 1)
    limit = min(cap, int(sizes[too_many.argmax()]) - 1) if too_many.any() else cap
    kept = sizes <= limit
    return Rule(
        rule=name, values=int(blocks[kept].sum()), pairs=int(pairs[kept].sum()), limit=limit,
        values_left_out=int(blocks[~kept].sum()), pairs_left_out=int(pairs[~kept].sum()),
    )  # fmt: skip


def make_pairs(db: Connection, spec: LinkageSpec, rules: list[Rule], only_touched: bool = False) -> int:
    """Table `pairs` (match_key, join_key_l, join_key_r), each pair once; the number of them.

    only_touched   pairs with at least one record of table `touched`
    """
    db.execute("create or replace temp table pairs_of_rules (place integer, l bigint, r bigint)")
    for place, (columns, rule) in enumerate(zip(spec.blocking.rules, rules, strict=True)):
        db.execute(f"""create or replace temp table keyed as
            select hash({key_of(columns)}) as key, row from records where {key_of(columns)} is not null
            qualify count(*) over (partition by {key_of(columns)}) between 2 and {rule.limit}""")
        if only_touched:
            db.execute(f"""insert into pairs_of_rules
                select {place}, least(a.row, b.row), greatest(a.row, b.row)
                from (select * from keyed where row in (select row from touched)) as a
                inner join keyed as b on a.key = b.key and a.row <> b.row""")
        else:
            db.execute(f"""insert into pairs_of_rules
                select {place}, a.row, b.row
                from keyed as a inner join keyed as b on a.key = b.key and a.row < b.row""")
    db.execute("""create or replace table pairs as
        select cast(min(place) as varchar) as match_key, l as join_key_l, r as join_key_r
        from pairs_of_rules group by l, r""")
    db.execute("drop table pairs_of_rules")
    return int(db.execute("select count(*) from pairs").fetchone()[0])


def mark_touched(db: Connection, spec: LinkageSpec, now: list[Rule], before: list[Rule]) -> None:
    """Table `touched` gets, beside the new records, those that bear a value which a rule compares today and did not
    before, or no more: the only others whose pairs can be different.

    `records` has a column `is_new`; table `earlier` holds the records as they were.
    """
    for columns, rule, past in zip(spec.blocking.rules, now, before, strict=True):
        key = key_of(columns)
        db.execute(f"""insert into touched
            with today as (select {key} as key, count(*) as n from records where {key} is not null group by 1),
            past as (select {key} as key, count(*) as n from earlier where {key} is not null group by 1),
            crossed as (
                select today.key from today inner join past on today.key = past.key
                where (today.n <= {rule.limit}) <> (past.n <= {past.limit})
            )
            select row from records where {key} in (select key from crossed)""")


def rules_of_pair(db: Connection, spec: LinkageSpec, rules: list[Rule], left: int, right: int) -> list[str]:
    """The rules that compare two rows."""
    names = []
    for columns, rule in zip(spec.blocking.rules, rules, strict=True):
        key = key_of(columns)
        count = db.execute(f"""select count(*) from records where {key} = (
            select a.key from (select {key} as key from records where row = {left}) as a
            inner join (select {key} as key from records where row = {right}) as b on a.key = b.key)""").fetchone()[0]
        if 2 <= count <= rule.limit:
            names.append(rule.rule)
    return names


def bits(probability: float) -> float:
    """log2 of the odds."""
    return float(np.log2(probability / (1 - probability)))
