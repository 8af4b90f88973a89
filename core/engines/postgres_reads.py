"""What of somebody else's SQL is run on PostgreSQL: a read that neither acts, nor reaches a password, nor a file."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from core.engines.statements import WriteRefusedError

# Functions that the server itself calls volatile, since they do something or ask for something outside, but for these.
HARMLESS = (
    "random",
    "random_normal",
    "setseed",
    "clock_timestamp",
    "timeofday",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "pg_sleep",
)
# Catalogues that hold passwords, or samples of every table's values (pg_stats: of pg_authid's too), and functions that
# read a table, or run a text, which nobody can see in the words: they are `stable`, in the server itself and in its
# usual extensions.
SECRETS = re.compile(
    r"pg_authid|pg_shadow|_?pg_user_mappings?|user_mapping_options|pg_hba_file_rules|pg_subscription|pg_toast_\w+"
    r"|pg_statistic|pg_statistic_ext_data|pg_stats|pg_stats_ext|pg_stats_ext_exprs"
    r"|\w+_to_xml|\w+_to_xml_and_xmlschema|crosstab\w*|connectby|xpath_table"
)
WORDS = re.compile(
    r"[^\W\d][\w$]*"
)  # in quotes too, single or double: where a text begins and ends only the server knows


def refuse_unless_read(sql: str, query: Callable[[str, Sequence[Any]], pa.Table]) -> None:
    """One statement, a read through and through, and no function that acts. Raises WriteRefusedError else.

    A read-only transaction keeps tables from being written. It does not keep a function from reading the server's
    files, ending another session or giving the role back; the server's own catalogue, asked by `query`, says which
    functions may do such a thing.
    """
    from core.engines.parsed_statements import only_reads

    only_reads(sql, "postgres")
    if re.search(r"\bu&", sql, re.IGNORECASE):
        raise WriteRefusedError("Names and texts written as U&… are not taken here: write the letters themselves.")
    names = sorted({form for word in WORDS.findall(sql) for form in (word, word.lower())})
    placeholders = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    acting = query(
        f"select distinct proname from pg_proc where provolatile = 'v' and proname in ({placeholders}) order by 1",
        names,
    )["proname"].to_pylist()
    secret = [name for name in names if SECRETS.fullmatch(name)]
    if forbidden := sorted({*acting, *secret} - set(HARMLESS)):
        raise WriteRefusedError(
            f"{', '.join(forbidden)}: what acts, holds passwords or reaches out of the tables is not run here."
        )
