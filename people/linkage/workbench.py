"""The records in a DuckDB of their own: one handle a run, since Splink keeps term frequencies by handle."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from core.settings import Settings
from core.warehouse import workbench as private_duckdb
from people.linkage.blocking import Connection
from people.linkage.spec import LinkageSpec


@contextmanager
def opened(settings: Settings) -> Iterator[Connection]:
    with private_duckdb(settings) as db:
        yield db


def load(db: Connection, spec: LinkageSpec, cleaned: pa.Table, table: str = "records") -> None:
    """`<table>_read` as they come, and `<table>` without the identifiers that too many records bear."""
    db.register("given", cleaned)
    db.execute(f"create or replace table {table}_read as select * from given order by row")
    db.unregister("given")
    for column, most in spec.max_records.items():
        db.execute(f"""create or replace temp table {table}_everybodys_{column} as
            select {column} as value from {table}_read where {column} is not null
            group by {column} having count(*) > {most}""")
    own = [f"{_own(table, column)} as {column}" for column in spec.max_records]
    if "email" in spec.max_records:
        own.append(f"case when {_own(table, 'email')} is not null then email_local end as email_local")
    replaced = f" replace ({', '.join(own)})" if own else ""
    db.execute(f"create or replace table {table} as select *{replaced} from {table}_read order by row")


def mark_crossed(db: Connection, spec: LinkageSpec) -> None:
    """Into `touched`: the records whose identifier says something since today, or no more."""
    for column in spec.max_records:
        db.execute(f"""insert into touched
            select row from records_read where {column} in (
                (select value from records_everybodys_{column} except select value from earlier_everybodys_{column})
                union all
                (select value from earlier_everybodys_{column} except select value from records_everybodys_{column})
            )""")


def _own(table: str, column: str) -> str:
    return f"case when {column} not in (select value from {table}_everybodys_{column}) then {column} end"
