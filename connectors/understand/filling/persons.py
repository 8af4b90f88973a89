"""Whose a row is: one namespace for each kind of number, and the way to it over other tables."""

from connectors.understand.dictionary import noun_of
from connectors.understand.joins import Join, paths
from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.names import meanings_of
from connectors.understand.plan import HEAVY, MEDIUM, Doubt, Joined, Part, Understanding
from connectors.understand.writing.expressions import id_ref, person_number


class Persons:
    """The people's tables of a source, their numbers, and the references of all others to them."""

    def __init__(self, source: str, proposal: Proposal, plan: Understanding, broken: list[Join]) -> None:
        self.source, self.proposal, self.plan, self.broken = source, proposal, plan, broken
        self.keys: dict[str, tuple[str, str]] = {}  # people's table -> (its column, namespace)

    def add(self, table: TableProposal, column: str, kind: str = "") -> str:
        """The namespace of the numbers in a people's table: by what a row is, never by what the table is called."""
        noun = noun_of(table.name)
        kind = (
            kind or next((k for k in _kinds(column)), "") or (noun[1] if noun and noun[0] == "people" else "customer")
        )
        namespace = f"{self.source}_{kind}"
        if any(used == namespace for _, used in self.keys.values()):
            namespace = f"{self.source}_{table.name}"  # another count of its own
        self.keys[table.name] = column, namespace
        self.note(namespace, table.name, column)
        return namespace

    def note(self, namespace: str, table: str, column: str) -> None:
        columns = self.plan.namespaces.setdefault(namespace, [])
        if f"{table}.{column}" not in columns:
            columns.append(f"{table}.{column}")

    def refer(self, part: Part) -> None:
        """Fill in whose each row of a part is: a number, here or in a joined table; else an address of its own."""
        table = self.proposal[part.table]
        found = self._by_number(table)
        if found:
            expression, joined, column = found
            part.person.append(expression)
            part.joined += joined
            if column:
                part.placed.setdefault(column, "person_ref")
        if not found and part.entity != "people" and not (table.identified("email") or table.identified("phone")):
            self.plan.doubts.append(Doubt(
                HEAVY, part.table, f"nothing in it says whose its rows are: {part.entity} of nobody",
                "Give person_ref in its staging model",
            ))  # fmt: skip
        number = self.keys.get(table.name, ("", ""))[0] or (found[2] if found else "")
        if part.entity == "people" and number and table.facts[number].filled == table.rows:
            return  # their own columns hold the addresses
        for kind in ("email", "phone"):
            if held := table.identified(kind):
                part.person.append(f"{{{{ {kind}_ref('{held[0]}__normalised') }}}}")
                part.placed.setdefault(held[0], "person_ref")

    def _by_number(self, table: TableProposal) -> tuple[str, list[Joined], str] | None:
        own = self._own(table)
        if own is not None:
            return own[0], [], own[1]
        best = None
        for target, path in sorted(paths(self.plan.joins, table.name).items(), key=lambda p: len(p[1])):
            if not path:
                continue
            far = self._far(target, path)
            if far is not None:
                best = far
                break
        return best or self._by_link(table)

    def _by_link(self, table: TableProposal) -> tuple[str, list[Joined], str] | None:
        """A table that is no entity's and leads both here and to a person: the contacts of a deal."""
        taken = {part.table for part in self.plan.parts}
        for join in self.plan.joins:
            if join.to_table != table.name or join.table in taken:
                continue
            link = self.proposal[join.table]
            if own := self._own(link):
                name = f"{join.table}_links"
                namespace = next(n for n, columns in self.plan.namespaces.items() if f"{link.name}.{own[1]}" in columns)
                same = link.columns[join.column]["type"] == table.columns[join.to_column]["type"]
                on = join.to_column if same else f"cast({join.to_column} as {{{{ type_of('text') }}}})"
                joined = Joined(name, join.table, on, join.column, [own[1]], as_text=not same)
                last = f"{name}__{own[1]}"
                shown = last if link.columns[own[1]]["type"] == "text" else f"cast({last} as varchar)"
                return id_ref(namespace, shown), [joined], ""
        return None

    def _own(self, table: TableProposal) -> tuple[str, str] | None:
        """A number of a person in the table itself."""
        if table.name in self.keys:
            column, namespace = self.keys[table.name]
            return id_ref(namespace, person_number(column, table)), column
        for join in self.plan.joins:
            if (
                join.table == table.name
                and join.to_table in self.keys
                and self.keys[join.to_table][0] == join.to_column
            ):
                namespace = self.keys[join.to_table][1]
                self.note(namespace, table.name, join.column)
                return id_ref(namespace, person_number(join.column, table)), join.column
        joined = {j.column for j in self.plan.joins if j.table == table.name}
        for column in table.columns:
            kinds = _kinds(column)
            if not kinds or column in joined or table.columns[column]["type"] not in ("text", "integer"):
                continue
            if not table.facts[column].filled and table.rows:
                continue
            namespace = self._of_kind(table, column, kinds[0])
            self.note(namespace, table.name, column)
            return id_ref(namespace, person_number(column, table)), column
        return None

    def _of_kind(self, table: TableProposal, column: str, kind: str) -> str:
        """The namespace of a number that is joined to nothing: that of its kind, or one person would be two."""
        namespace = f"{self.source}_{kind}"
        if any(used == namespace for _, used in self.keys.values()):
            missed = next((j for j in self.broken if (j.table, j.column) == (table.name, column)), None)
            share = f"{missed.found} of {missed.of} occur in {missed.to_table}.{missed.to_column}" if missed else ""
            if table.rows and missed:
                self.plan.doubts.append(Doubt(
                    HEAVY, table.name, f"{column} looks like the number of a {kind}, and only {share}: "
                    "taken for the same all the same",
                    "Give it a namespace of its own in its staging model where they are others", column,
                ))  # fmt: skip
        return namespace

    def _far(self, target: str, path: list[Join]) -> tuple[str, list[Joined], str] | None:
        """A number in a table that is joined: a key of people's, or whose its row is."""
        table = self.proposal[target]
        own = self._own(table)
        kind, column = ("id", own[1]) if own else ("email", next(iter(table.identified("email")), ""))
        if not column or (own is None and target not in {p.table for p in self.plan.parts}):
            return None
        joined = chain(self.proposal, path, [column if kind == "id" else f"{column}__normalised"])
        last = f"{joined[-1].name}__{column}"
        if kind == "email":
            return f"{{{{ email_ref('{last}__normalised') }}}}", joined, path[0].column
        namespace = next(n for n, columns in self.plan.namespaces.items() if f"{target}.{column}" in columns)
        shown = last if table.columns[column]["type"] == "text" else f"cast({last} as varchar)"
        worst = min(path, key=lambda j: j.share)
        if worst.share < 0.95:
            self.plan.doubts.append(Doubt(
                MEDIUM, path[0].table, f"whose a row is stands in {target}: {worst.found} of {worst.of} values of "
                f"{worst.column} "
                f"are found in {worst.to_table}", "", path[0].column,
            ))  # fmt: skip
        return id_ref(namespace, shown), joined, path[0].column


def chain(proposal: Proposal, path: list[Join], wanted: list[str]) -> list[Joined]:
    """The joins of a path, one after the other; the last one gives `wanted`."""
    joined: list[Joined] = []
    for i, step in enumerate(path):
        table = proposal[step.table]
        is_same = table.columns[step.column]["type"] == proposal[step.to_table].columns[step.to_column]["type"]
        on = step.column if i == 0 else f"{joined[-1].name}__{step.column}"
        if not is_same:
            on = f"cast({on} as {{{{ type_of('text') }}}})"
        columns = wanted if i == len(path) - 1 else [path[i + 1].column]
        name = f"{(noun_of(step.to_table) or ('', step.to_table))[1]}_by_{step.column}"
        joined.append(Joined(name, step.to_table, on, step.to_column, list(columns), as_text=not is_same))
    return joined


def _kinds(column: str) -> list[str]:
    """Whose number a column's name says that it holds."""
    return [role for entity, role, _ in sorted(meanings_of(column), key=lambda r: r[2]) if entity == "person"]
