"""SQL statements read by sqlglot: what one writes to where its text alone does not tell, and whether it only reads."""

import logging

import sqlglot
from sqlglot import expressions as exp
from sqlglot.tokens import TokenType

from core.engines.statements import TEMPORARY, Target, unclear

_READ = (exp.Query, exp.Values, exp.Describe, exp.Show)
_WRITE = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into)
_KINDS = ("TABLE", "VIEW", "SCHEMA")  # what is made and dropped here; a function or a trigger could write on its own
_CHANGES = (exp.ColumnDef, exp.AlterColumn, exp.RenameColumn, exp.Drop)  # of a table that stays where it is
_SETTINGS = ("force_compression",)  # the one setting that our own code turns while it works
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it warns of is refused here, in our own words


def read_targets(sql: str, engine: str) -> frozenset[Target]:
    """As `statements.targets`, of any statement. Raises WriteRefusedError for one that is not understood."""
    statement = _only(sql, engine)
    if isinstance(statement, exp.Set) and all(_is_ours(item) for item in statement.expressions):
        return frozenset()
    if not isinstance(statement, (*_READ, *_WRITE)):
        raise unclear(sql, "it is of a kind that is not used here")
    found_targets: set[Target] = set()
    for node in statement.walk():
        if isinstance(node, exp.Command):
            raise unclear(sql, "a part of it is not understood")
        if isinstance(node, _WRITE) and not isinstance(node.parent, (exp.When, exp.Alter)):
            found_targets |= _targets(node, sql)
    return frozenset(found_targets)


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
        raise unclear(sql, "it is not a read")
    if any(isinstance(node, (*_WRITE, exp.Command, exp.Lock)) for node in statement.walk()):
        raise unclear(sql, "a part of it writes, or is not understood")
    return statement


def _only(sql: str, engine: str) -> exp.Expr:
    try:
        statements = [s for s in sqlglot.parse(sql, read=engine) if s is not None and not isinstance(s, exp.Semicolon)]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise unclear(sql, f"it is not understood ({type(error).__name__})") from None
    if len(statements) != 1:
        raise unclear(sql, f"{len(statements)} statements stand in place of one")
    return statements[0]


def _targets(node: exp.Expr, sql: str) -> set[Target]:
    """What one writing node names as its target."""
    kind = str(node.args.get("kind") or "TABLE").upper()
    if isinstance(node, (exp.Create, exp.Drop, exp.Alter)) and kind not in _KINDS:
        raise unclear(sql, f"a {kind.lower()} is not made or changed here")
    if isinstance(node, exp.Alter) and not all(isinstance(action, _CHANGES) for action in node.args["actions"]):
        raise unclear(sql, "a table keeps its name and its schema")
    tables = list(_tables(node))
    if not tables or any(table.catalog not in ("", *TEMPORARY) for table in tables):
        raise unclear(sql, "it names no table of this warehouse")
    if kind == "SCHEMA":
        return {Target(table.db or table.name, "") for table in tables}
    new = isinstance(node, exp.Create) and any(node.find_all(exp.TemporaryProperty))
    if new and any(table.db not in ("", *TEMPORARY) for table in tables):
        raise unclear(sql, "a temporary table has no schema")
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
