"""Tables to entities: what a look's tables are taken for, column by column, and what of it is in doubt."""

from connectors.understand.asking import answer_columns, ask_of_columns
from connectors.understand.choosing import chosen_matches
from connectors.understand.composing import compose_numbers
from connectors.understand.dictionary import folded, noun_of
from connectors.understand.entities import ASSUMED, ENTITIES, INSTANTS, WITHOUT_PERSON
from connectors.understand.exporter import Known, known_tables
from connectors.understand.exporting import known_parts
from connectors.understand.filling.attributes import fill_from_joined
from connectors.understand.filling.consent_tables import fill_consents
from connectors.understand.filling.consents import propose_consents
from connectors.understand.filling.orders import finish_orders
from connectors.understand.filling.persons import Persons, chain
from connectors.understand.filling.returns import fill_returns
from connectors.understand.filling.rows import leave_out
from connectors.understand.filling.statuses import OTHERWISE, doubts_of, no_status, read_words
from connectors.understand.filling.strong_ids import fill_strong_ids
from connectors.understand.joins import Join, find_joins
from connectors.understand.keys import choose_key, find_amounts_of_orders
from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.looking.unfolding import unfold
from connectors.understand.matching import Match
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt, Part, Understanding, key_column
from connectors.understand.telling import tell_of_emails, tell_of_joins, tell_of_tables
from connectors.understand.writing.expressions import expression, full_name, native_key, scale_of, text
from core.settings import Settings

ONLY_ONE = ("ordered_at", "occurred_at", "answered_at", "registered_at")  # instants that a lone column may give


class Mapper:
    """One look's tables as one plan; `answers` (a doubt's name -> the choice) settle what was asked."""

    def __init__(self, source: str, proposal: Proposal, settings: Settings, answers: dict[str, str]) -> None:
        self.source, self.proposal, self.settings, self.answers = source, proposal, settings, answers
        self.plan = Understanding()
        self.broken: list[Join] = []
        self.known: dict[str, Known] = {}

    def understand(self) -> Understanding:
        """Keys, then joins by them, then entities, then whose each row is."""
        answer_columns(self)
        self.known = known_tables({t.name: set(t.columns) for t in self.proposal.landed})
        names = [folded(c) for t in self.proposal.landed for c in t.columns]
        self.shared = frozenset(name for name in names if names.count(name) > 1)
        for table in self.proposal.landed:
            self._key(table)
            find_amounts_of_orders(table, self.proposal.scratch)
        if not any(table.list_of for table in self.proposal.tables):
            unfold(self.proposal, self.settings)
        compose_numbers(self)
        self.plan.joins, self.broken = find_joins(self.proposal.tables, self.proposal.scratch)
        tell_of_joins(self)
        for table in self.proposal.tables:
            if table.name in self.known:
                parts, doubts = known_parts(self.source, table, self.known[table.name])
                self.plan.parts += parts
                self.plan.doubts += doubts
        for table, match in chosen_matches(self):
            self.plan.parts.append(self._part(table, match))
        finish_orders(self)
        fill_returns(self)
        fill_consents(self)
        self._people()
        for part in self.plan.of("people"):
            fill_from_joined(self, part)
            fill_strong_ids(self, part)
        propose_consents(self)
        for part in self.plan.parts:
            self._finish(part)
        tell_of_tables(self)
        ask_of_columns(self)
        self.plan.doubts = list({(d.table, d.column, d.text): d for d in self.plan.doubts}.values())
        self.plan.doubts.sort(key=lambda d: (-d.weight, d.table, d.column))
        return self.plan

    def _key(self, table: TableProposal) -> None:
        known, noun = self.known.get(table.name), noun_of(table.name)
        found = choose_key(table, self.proposal.scratch, noun[0] if noun else None, self.shared)
        declared = [c for c in known.table.key if c in table.columns] if known else []
        if known and declared and table.key != declared:
            cells = ", ".join(self.proposal.scratch.cell(table.name, table.source_of(c)) for c in declared)
            rows = f"(select distinct {cells} from {self.proposal.scratch.table(table.name)})"
            distinct = self.proposal.scratch.one(f"select count(*) from {rows}")
            if table.rows == 0 or distinct == table.rows:
                table.key, table.key_because = declared, f"{known.exporter} says so, and all rows differ in it"
                for column in declared:
                    table.columns[column]["required"] = True
            elif table.columns.keys() >= set(known.table.key):
                found.append(f"{', '.join(declared)} is the key by {known.exporter}, and {table.rows - distinct} of "
                             f"{table.rows} rows repeat another's")  # fmt: skip
        if known and known.table.cursor in table.columns and table.columns[known.table.cursor]["type"] == "timestamp":
            table.cursor = known.table.cursor
        for sentence in found:
            self.plan.doubts.append(
                Doubt(HEAVY, table.name, sentence, "Mend the data, or give `key` in the source file")
            )

    def _part(self, table: TableProposal, match: Match) -> Part:
        part = Part(table.name, match.entity, because="; ".join(match.because))
        for role, column in match.columns.items():
            part.placed[column] = role
            if role in ENTITIES[match.entity]:
                part.columns[role] = expression(self.source, match.entity, role, column, table)
            elif role == "full_name":
                names = full_name(column)
                part.columns |= {r: sql for r, sql in names.items() if r not in match.columns}
                self.plan.doubts.append(Doubt(
                    LIGHT, table.name, f"{column} holds whole names: the first word is taken as the first name",
                    "", column
                ))  # fmt: skip
            if scale_of(column) != 1:
                self.plan.doubts.append(Doubt(
                    MEDIUM, table.name, f"{column} is taken for hundredths by its name",
                    "Take the factor out of the staging "
                    "model where it counts whole ones", column,
                ))  # fmt: skip
        self._lone_instant(table, part)
        if match.only_time:
            told = f"{match.only_time} is its only time, and so taken for ordered_at"
            self.plan.doubts.append(Doubt(HEAVY, table.name, told, "Map another one in staging", match.only_time))
        return part

    def _lone_instant(self, table: TableProposal, part: Part) -> None:
        """The one column of time is when it happened, whatever it is called."""
        role = INSTANTS.get(part.entity)
        free = [c for c in table.of_type("timestamp", "date") if c not in part.placed]
        if role in ONLY_ONE and role not in part.columns and len(free) == 1:
            part.columns[role] = expression(self.source, part.entity, role, free[0], table)
            part.placed[free[0]] = role
            self.plan.doubts.append(
                Doubt(MEDIUM, table.name, f"{free[0]} is its only time, and so taken for {role}", "", free[0])
            )

    def _people(self) -> None:
        """Namespaces first, then whose each row is; a number over the tables' own numbers stands for the human."""
        self.persons = Persons(self.source, self.proposal, self.plan, self.broken)
        for part in self.plan.of("people"):
            table = self.proposal[part.table]
            by_role = {role: column for column, role in part.placed.items()}
            if part.person_columns:
                self.persons.keys[part.table] = next(iter(part.person_columns.items()))
                continue
            column = self._person_column(table, by_role)
            if column and not part.newest_of:
                self.persons.add(table, column)
        for part in sorted(self.plan.parts, key=lambda p: p.entity != "people"):
            for named, namespace in part.person_columns.items():
                self.persons.note(namespace, part.table, named)
        for part in self.plan.parts:
            if part.entity not in WITHOUT_PERSON and not part.person:
                self.persons.refer(part)
        for part in self.plan.of("people"):
            tell_of_emails(self, part)

    def _person_column(self, table: TableProposal, by_role: dict[str, str]) -> str | None:
        own = by_role.get("record_id") or (table.key[0] if len(table.key) == 1 else None)
        if own is not None and len(table.key) == 1 and self._is_of_another(table, own):
            own = table.key[0]
        over = by_role.get("person_key")
        if over is None or over == own:
            return own
        humans, numbers = table.facts[over].distinct, table.facts[over].rows
        doubt = Doubt(
            HEAVY, table.name, f"{over} is taken for the human: {humans} of them hold {numbers} rows of {own}",
            f"Where {own} is a human, answer so", over, "person_key", {over: "a human", str(own): "a human"}, over,
        )  # fmt: skip
        self.plan.doubts.append(doubt)
        return self.answers.get(doubt.name, over)

    def _is_of_another(self, table: TableProposal, column: str) -> bool:
        """Whether a number that many rows share is another's, as a firm's: it leads there, or the key is led to."""
        leads = any((j.table, j.column) == (table.name, column) for j in self.plan.joins)
        is_led_to = any((j.to_table, j.to_column) == (table.name, table.key[0]) for j in self.plan.joins)
        return (leads or is_led_to) and not table.facts[column].is_unique

    def _finish(self, part: Part) -> None:
        """The key, the references to other tables, the status, and what is assumed."""
        table, entity = self.proposal[part.table], part.entity
        key = next(iter(ENTITIES[entity]))
        is_second = self.plan.of(entity)[0] is not part and entity != "consents"
        is_given = key in part.columns and (part.known_as or entity == "consents")
        if not part.is_made and (not is_given or is_second):
            part.columns[key] = self.key_expression(part)
        for name in table.key:
            part.placed.setdefault(name, key)
        for role, kind in ENTITIES[entity].items():
            if kind == "ref" and not part.known_as:
                self._refer_to_row(part, role)
        if entity in OTHERWISE and entity != "consents" and entity != "orders" and not part.known_as:
            self._status(part)
        leave_out(self, part)
        part.assumed |= {c: v for c, v in self._assumed(part).items() if c not in part.columns}

    def key_expression(self, part: Part) -> str:
        """The row's number of its source; of two tables of one entity the second's bears its table's name."""
        table = self.proposal[part.table]
        rivals = self.plan.of(part.entity)
        kind = "" if rivals[0].table == part.table else self._kind(part)
        prefix = f"{self.source}:{kind + ':' if kind else ''}"
        if own := key_column(self.proposal, part):
            return native_key(self.source, text(own, table), kind)
        if table.key:
            joined = " || ':' || ".join(f"cast({c} as {{{{ type_of('text') }}}})" for c in table.key)
            return f"'{prefix}' || {joined}"
        return f"'{prefix}' || cast(_row_key as {{{{ type_of('text') }}}})"

    def _kind(self, part: Part) -> str:
        """What its rows are called beside others of the entity: the word for them, or its table where it is taken."""
        nouns = [(noun_of(p.table) or ("", p.table))[1] for p in self.plan.of(part.entity)]
        noun = (noun_of(part.table) or ("", part.table))[1]
        return noun if nouns.count(noun) == 1 else part.table

    def _refer_to_row(self, part: Part, role: str) -> None:
        """A number of another table: as that table's own key has it, over a join where it is another number."""
        entity = {"account_key": "accounts", "order_key": "orders", "product_key": "products"}.get(role)
        if entity is None or part.group_by:
            return
        for target in self.plan.of(entity):
            for join in self.plan.joins:
                if (join.table, join.to_table) != (part.table, target.table) or target.table == part.table:
                    continue
                if part.placed.get(join.column) not in (role, None, "person_ref"):
                    continue
                part.placed[join.column] = role
                part.columns[role] = self._end(part, target, join)
                return

    def _end(self, part: Part, target: Part, join: Join) -> str:
        """The key of the row that a column leads to."""
        table, to = self.proposal[part.table], self.proposal[target.table]
        own = key_column(self.proposal, target) or join.to_column
        kind = "" if self.plan.of(target.entity)[0] is target else self._kind(target)
        if own == join.to_column:
            return native_key(self.source, text(join.column, table), kind)
        joined = chain(self.proposal, [join], [own])
        part.joined += [j for j in joined if part.join(j.name) is None]
        for given in part.joined:
            if given.name == joined[0].name and own not in given.columns:
                given.columns.append(own)
        named = f"{joined[0].name}__{own}"
        return native_key(
            self.source, named if to.columns[own]["type"] == "text" else f"cast({named} as varchar)", kind
        )

    def _status(self, part: Part) -> None:
        table = self.proposal[part.table]
        by_role = {role: column for column, role in part.placed.items()}
        column = by_role.get("status") or (by_role.get("stage") if part.entity == "deals" else None)
        if column is None:
            self.plan.doubts.append(no_status(table, part))
            noun = part.table
            if part.entity == "deals" and "closed" in noun and "won_date" in table.columns:
                part.columns["status"] = "'won'"
                self.plan.doubts.append(
                    Doubt(MEDIUM, table.name, "each row is taken for a deal that was won", "", "won_date")
                )
            return
        words = read_words(table, column, part.entity, self.answers)
        self.plan.doubts += doubts_of(table, words, part.entity)
        otherwise = OTHERWISE[part.entity]
        branches = words.when(otherwise)
        part.columns["status"] = (
            f"case\n            {branches}\n            else '{otherwise}'\n        end"
            if branches
            else f"'{otherwise}'"
        )

    def _assumed(self, part: Part) -> dict[str, str]:
        noun, assumed = noun_of(part.table), dict(ASSUMED.get(part.entity, {}))
        if part.entity == "people":
            kind = noun[1] if noun and noun[0] == "people" else "customer" if part.newest_of else "contact"
            assumed["lifecycle"] = f"'{kind}'" if kind in ("customer", "lead") else "'contact'"
        if part.entity == "messages" and "email" not in part.columns and "phone" in part.columns:
            assumed["channel"] = "'sms'"  # a STOP by telephone stops telephone messages
        return assumed
