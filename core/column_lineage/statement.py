"""One SELECT: of which columns of which tables each of its columns is made, and which decide what rows it has."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from core.column_lineage.origin import ROWS, STRENGTH, Kind, Origin, Statement

PARTS_THAT_DECIDE = ("where", "joins", "group", "having", "qualify", "order", "distinct", "limit")
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot resolve shows as a column without an origin


def analyse(sql: str, engine: str, tables: Mapping[str, list[str]]) -> Statement:
    """tables   schema.table -> its columns in their order, of all that the statement may read

    Raises SqlglotError where the SQL cannot be read.
    """
    tree = sqlglot.parse_one(sql, read=engine)
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)  # there is one warehouse
    schema = MappingSchema(_nested(tables), dialect=engine)
    qualified = qualify(
        tree, schema=schema, dialect=engine, validate_qualify_columns=False, identify=False, quote_identifiers=False
    )
    root = build_scope(qualified)
    if root is None:
        return Statement({}, [])
    tracer = _Tracer()
    names = [selected.alias_or_name for selected in _selects(qualified)]
    return Statement({name: sorted(tracer.origins(root, name)) for name in names}, tracer.deciding(root))


def _nested(tables: Mapping[str, list[str]]) -> dict[str, object]:
    schemas: dict[str, dict[str, dict[str, str]]] = {}
    for name, columns in tables.items():
        schema, _, table = name.partition(".")
        schemas.setdefault(schema, {})[table] = dict.fromkeys(columns, "unknown")
    return {**schemas}


@dataclass
class _Tracer:
    """Follows a column through the parts of one statement (CTEs, subqueries, unions) to tables of the warehouse."""

    found: dict[tuple[int, str], set[Origin]] = field(default_factory=dict)

    def origins(self, scope: Scope, column: str) -> set[Origin]:
        key = (id(scope), column)
        if key not in self.found:
            self.found[key] = set()  # a CTE that reads itself adds nothing to its own beginning
            self.found[key] = self._origins(scope, column)
        return self.found[key]

    def _origins(self, scope: Scope, column: str) -> set[Origin]:
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._of_union(scope, expression, column)
        if not isinstance(expression, exp.Select):
            return self._of_columns(scope, expression, "transformation")  # unnest, a lateral function
        selected = next((one for one in _selects(expression) if one.alias_or_name == column), None)
        if selected is None:
            return set()
        value = selected.unalias()
        return self._of_columns(scope, value, _kind(value))

    def _of_union(self, scope: Scope, expression: exp.SetOperation, column: str) -> set[Origin]:
        """By the place of the column: the names are those of the first SELECT."""
        names = [one.alias_or_name for one in _selects(expression)]
        place = names.index(column) if column in names else -1
        result: set[Origin] = set()
        for part in scope.set_operation_scopes if place >= 0 else ():
            there = [one.alias_or_name for one in _selects(part.expression)]
            result |= self.origins(part, there[place]) if place < len(there) else set()
        return result

    def _of_columns(self, scope: Scope, value: exp.Expr, kind: Kind) -> set[Origin]:
        """What an expression reads; of a SELECT in it, what that one gives."""
        result: set[Origin] = set()
        inner = {id(one.expression): one for one in scope.subquery_scopes}
        parts: list[tuple[exp.Expr, Kind]] = [(value, kind)]
        while parts:
            node, done = parts.pop()
            if nested := inner.get(id(node)):
                for selected in _selects(nested.expression):
                    result |= _at_least(self.origins(nested, selected.alias_or_name), done)
            elif isinstance(node, exp.Column):
                result |= _at_least(self.resolved(scope, node), done)
            elif isinstance(node, exp.Star) and isinstance(node.parent, exp.Count):
                result |= {Origin(table, ROWS, "aggregation") for table in self.rows(scope, set())}
            else:
                choosing = {id(part) for part in _choosing(node)}
                parts += [(child, "choice" if id(child) in choosing else done) for child in node.iter_expressions()]
        return result

    def rows(self, scope: Scope, visited: set[int]) -> set[str]:
        """The tables whose rows are counted."""
        if id(scope) in visited:
            return set()
        visited.add(id(scope))
        sources = [source for _, source in scope.selected_sources.values()]
        tables = {f"{source.db}.{source.name}" for source in sources if isinstance(source, exp.Table) and source.db}
        parts = [*scope.set_operation_scopes, *(source for source in sources if isinstance(source, Scope))]
        return tables.union(*(self.rows(part, visited) for part in parts))

    def resolved(self, scope: Scope, column: exp.Column) -> set[Origin]:
        """A column of the scope's own sources, or where it is a part of another statement, of that one's."""
        around: Scope | None = scope
        while around is not None:
            source = around.sources.get(column.table)
            if isinstance(source, exp.Table):
                return {Origin(f"{source.db}.{source.name}", column.name, "identity")} if source.db else set()
            if source is not None:
                return self.origins(source, column.name)
            around = around.parent
        return set()

    def deciding(self, root: Scope) -> list[tuple[str, str]]:
        result: set[tuple[str, str]] = set()
        for scope in root.traverse():
            parts = [scope.expression.args.get(name) for name in PARTS_THAT_DECIDE]
            for part in (one for several in parts for one in (several if isinstance(several, list) else [several])):
                for node in part.find_all(exp.Column) if isinstance(part, exp.Expr) else ():
                    result |= {(origin.table, origin.column) for origin in self.resolved(scope, node)}
        return sorted(result)


def _selects(expression: exp.Expr) -> list[exp.Expr]:
    return list(expression.selects) if isinstance(expression, exp.Query) else []


def _kind(value: exp.Expr) -> Kind:
    bare = value.unnest()
    if isinstance(bare, exp.Column):
        return "identity"
    return "aggregation" if bare.find(exp.AggFunc) else "transformation"


def _choosing(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of an expression that decide which value it gives, and are in none."""
    if isinstance(node, exp.Case | exp.If | exp.ArgMax | exp.ArgMin | exp.Filter):
        key = "expression" if isinstance(node, exp.ArgMax | exp.ArgMin | exp.Filter) else "this"
        yield from (part for part in [node.args.get(key)] if isinstance(part, exp.Expr))
    elif isinstance(node, exp.Window):
        order = node.args.get("order")
        yield from [*(node.args.get("partition_by") or []), *([order] if order else [])]
    elif isinstance(node, exp.Order | exp.Exists | exp.Count | exp.CountIf | exp.ApproxDistinct):
        yield from node.iter_expressions()  # how many there are tells none of them


def _at_least(origins: set[Origin], kind: Kind) -> set[Origin]:
    """What an expression makes of values is no less than what was made of them before."""
    return {o._replace(kind=max(o.kind, kind, key=STRENGTH.index)) for o in origins}
