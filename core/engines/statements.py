"""What one SQL statement writes to, read from its text: refused is whatever is not understood, for what cannot be read
cannot be held to a rule.
"""

import logging
import re
from functools import lru_cache
from typing import NamedTuple

import sqlglot
from sqlglot import expressions as exp
from sqlglot.tokens import TokenType

from core.errors import FatalError

# Plain reads are known at a glance: one statement, and none of the words by which a statement writes.
_READS = re.compile(r"^\s*(select|with|values)\b", re.IGNORECASE)
_MAY_WRITE = re.compile(r";|\b(insert|update|delete|merge|into|create|drop|alter|truncate|copy)\b", re.IGNORECASE)
# So are plain writes as we word them: a beginning in small letters, one name, what may follow it, and again none of
# those words. sqlglot reads everything else, in some ten milliseconds a statement: a third of a pull went into that.
_NAME = r'(?:(?P<schema>[a-z_][a-z0-9_]*)\.)?(?P<name>[a-z_][a-z0-9_]*|"[^".]+")'
_SELECTS = r"(?:select|with|values)\b"
_PLAIN_WRITES = tuple(
    re.compile(rf"\s*{beginning}{_NAME}(?={rest})")
    for beginning, rest in (
        ("insert into ", rf'(?: by name|\s+\([\w\s,"]+\))?\s+{_SELECTS}'),
        ("delete from ", r"(?: as \w+)?\s+(?:where|using)\b|\s*$"),
        ("update ", r"(?: as \w+)?\s+set\b"),
        ("create (?P<temporary>temp |temporary )?table (?:if not exists )?", rf"\s*\(|\s+as\s+{_SELECTS}"),
        ("drop table (?:if exists )?", r"\s*$"),
    )
)
_READ = (exp.Query, exp.Values, exp.Describe, exp.Show)
_WRITE = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into)
_KINDS = ("TABLE", "VIEW", "SCHEMA")  # what is made and dropped here; a function or a trigger could write on its own
_CHANGES = (exp.ColumnDef, exp.AlterColumn, exp.RenameColumn, exp.Drop)  # of a table that stays where it is
_SETTINGS = ("force_compression",)  # the one setting that our own code turns while it works
_EXPLAINS = re.compile(r"\s*explain\s+(?:(?:analyze|verbose)\b\s*|\([^)]*\)\s*)*", re.IGNORECASE)
TEMPORARY = ("temp", "pg_temp")
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it warns of is refused here, in our own words


class WriteRefusedError(FatalError):
    """A statement that writes where this connection may not, or of which nobody can tell where."""


class Target(NamedTuple):
    """A table, or all of a schema where `name` is empty; of a name without a schema `schema` is empty."""

    schema: str
    name: str
    is_new_temporary: bool = False


@lru_cache(maxsize=512)  # a push says the same dozen sentences for every window, and reading one takes milliseconds
def targets(sql: str, engine: str) -> frozenset[Target]:
    """What one statement writes to, nothing for a read. Raises WriteRefusedError where that cannot be told."""
    if _READS.match(sql) and not _MAY_WRITE.search(sql):
        return frozenset()
    return _of_plain_write(sql) or _read_targets(sql, engine)


def _of_plain_write(sql: str) -> frozenset[Target]:
    """What a plain write writes to; nothing where the statement has to be read."""
    match = next((match for pattern in _PLAIN_WRITES if (match := pattern.match(sql))), None)
    if match is None or _MAY_WRITE.search(sql, match.end()):
        return frozenset()
    is_new = bool(match.groupdict().get("temporary"))
    if is_new and match["schema"] not in (None, *TEMPORARY):
        return frozenset()
    return frozenset({Target(match["schema"] or "", match["name"].strip('"').lower(), is_new)})


def _read_targets(sql: str, engine: str) -> frozenset[Target]:
    statement = _only(sql, engine)
    if isinstance(statement, exp.Set) and all(_is_ours(item) for item in statement.expressions):
        return frozenset()
    if not isinstance(statement, (*_READ, *_WRITE)):
        raise _unclear(sql, "it is of a kind that is not used here")
    found_targets: set[Target] = set()
    for node in statement.walk():
        if isinstance(node, exp.Command):
            raise _unclear(sql, "a part of it is not understood")
        if isinstance(node, _WRITE) and not isinstance(node.parent, (exp.When, exp.Alter)):
            found_targets |= _targets(node, sql)
    return frozenset(found_targets)


def explained(sql: str) -> str:
    """The statement that an `explain` explains, which with `analyze` is run; else the text itself."""
    return _EXPLAINS.sub("", sql, count=1) if _EXPLAINS.match(sql) else sql


def without_end(sql: str, engine: str) -> str:
    """One statement without the semicolons that end it, so that it may stand in another one."""
    tokens = sqlglot.tokenize(sql, read=engine)
    end = len(tokens)
    while end and tokens[end - 1].token_type == TokenType.SEMICOLON:
        end -= 1
    return sql if end in (0, len(tokens)) else sql[: tokens[end].start]


def only_reads(sql: str, engine: str) -> exp.Expr:
    """The one statement, if it is a read through and through. Raises WriteRefusedError else."""
    statement = _only(sql, engine)
    if not isinstance(statement, _READ):
        raise _unclear(sql, "it is not a read")
    if any(isinstance(node, (*_WRITE, exp.Command, exp.Lock)) for node in statement.walk()):
        raise _unclear(sql, "a part of it writes, or is not understood")
    return statement


def _only(sql: str, engine: str) -> exp.Expr:
    try:
        statements = [s for s in sqlglot.parse(sql, read=engine) if s is not None and not isinstance(s, exp.Semicolon)]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _unclear(sql, f"it is not understood ({type(error).__name__})") from None
    if len(statements) != 1:
        raise _unclear(sql, f"{len(statements)} statements stand in place of one")
    return statements[0]


def _targets(node: exp.Expr, sql: str) -> set[Target]:
    """What one writing node names as its target."""
    kind = str(node.args.get("kind") or "TABLE").upper()
    if isinstance(node, (exp.Create, exp.Drop, exp.Alter)) and kind not in _KINDS:
        raise _unclear(sql, f"a {kind.lower()} is not made or changed here")
    if isinstance(node, exp.Alter) and not all(isinstance(action, _CHANGES) for action in node.args["actions"]):
        raise _unclear(sql, "a table keeps its name and its schema")
    tables = list(_tables(node))
    if not tables or any(table.catalog not in ("", *TEMPORARY) for table in tables):
        raise _unclear(sql, "it names no table of this warehouse")
    if kind == "SCHEMA":
        return {Target(table.db or table.name, "") for table in tables}
    new = isinstance(node, exp.Create) and any(node.find_all(exp.TemporaryProperty))
    if new and any(table.db not in ("", *TEMPORARY) for table in tables):
        raise _unclear(sql, "a temporary table has no schema")
    return {Target(table.db, table.name.lower(), new) for table in tables}


def _tables(node: exp.Expr) -> list[exp.Table]:
    if isinstance(node, (exp.Drop, exp.TruncateTable)):
        nodes = node.args.get("tables") or node.expressions or [node.this]
        return [table for table in nodes if isinstance(table, exp.Table)]
    first = node.this.find(exp.Table) if isinstance(node.this, exp.Expr) else None
    return [first] if first is not None else []


def _is_ours(item: exp.Expr) -> bool:
    name = item.this.this if isinstance(item.this, exp.EQ) else None
    return isinstance(name, exp.Expr) and name.name.lower() in _SETTINGS


def _unclear(sql: str, reason: str) -> WriteRefusedError:
    return WriteRefusedError(f"This connection may not run {' '.join(sql.split())[:80]!r}: {reason}.")
