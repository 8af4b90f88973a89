"""What the doctor says of governance, asked of small graphs."""

from dataclasses import replace

import pytest

from core.column_lineage.graph import Graph, Model
from core.column_lineage.origin import Origin, Statement
from core.governance.classes import Retention
from core.governance.declared import Column, Mart
from insight.governance import checks


def mart(name, **classes):
    return Mart(
        name, columns={c: Column(c, data_class=k, place=f"{name}.yml:{n}") for n, (c, k) in enumerate(classes.items())}
    )


def graph(column, origin, kind):
    model = Model("segment__x", "marts.segment__x", "", "", Statement({column: [Origin(*origin, kind)]}, []))
    return Graph({model.table: model}, {})


@pytest.mark.parametrize(
    ("declared", "kind", "is_told"),
    [
        ("behavioural", "identity", True), ("sensitive", "identity", False), ("derived", "transformation", False),
        ("", "identity", False),
    ],
)  # fmt: skip
def test_the_very_value_of_a_sensitive_column_is_sensitive_under_any_name(monkeypatch, declared, kind, is_told):
    monkeypatch.setattr(checks, "load_graph", lambda _: graph("bday", ("marts.profiles", "birth_date"), kind))
    marts = {"profiles": mart("profiles", birth_date="sensitive"), "segment__x": mart("segment__x", bday=declared)}
    told = list(checks._milder(None, marts))
    assert bool(told) is is_told
    assert (
        not told
        or "segment__x.bday is declared behavioural, and is the very value of marts.profiles.birth_date" in told[0]
    )


def test_a_column_with_a_shorter_retention_is_counted_for_itself():
    class Counting:
        def query(self, sql, params):
            asked.append((sql.partition(" where ")[2], params[0].isoformat()))
            return {"n": [type("Three", (), {"as_py": lambda self: 3})()]}

    asked = []
    messages = replace(mart("messages", occurred_on="derived", ip="identifier"), retention=Retention("1095 days"),
                       retention_by="occurred_on")  # fmt: skip
    columns = {**messages.columns, "ip": replace(messages.columns["ip"], retention=Retention("400 days"))}
    messages = replace(messages, columns={name: c.owned_as(messages) for name, c in columns.items()})
    from datetime import date

    told = list(checks._of_mart(Counting(), messages, date(2026, 3, 29), dict.fromkeys(columns, "text")))
    assert asked == [("occurred_on < $1", "2023-03-30"), ("occurred_on < $1 and ip is not null", "2025-02-22")]
    assert told[1] == "marts.messages.ip: 3 rows are older than 400 days by occurred_on as of 2026-03-29."
