"""How many may share an identifier, learned: a family is a family, and twelve strangers are a till's placeholder."""

from datetime import date

import pyarrow as pa
from support.identity_tables import DAY, groups, held, named

from people import limits
from people.evidence import Evidence
from people.graph import read
from people.resolve import resolve
from people.schemas import History, Rules
from people.traits import read_traits

FIRST = ["Ann", "Bob", "Zoe", "Kim", "Otto", "Ivy", "Hugo", "Lars", "Mei", "Raj", "Wanda", "Fay"]
LAST = ["Smith", "Jones", "Brown", "Ozturk", "Keller", "Nguyen", "Rossi", "Dubois", "Lopez", "Weber", "Ivanov", "Chen"]
TODAY = (DAY - date(1970, 1, 1)).days


def town(kind: str = "email:", strangers: int = 1) -> tuple[pa.Table, pa.Table]:
    """Thirty families of four at an address of theirs, and so many addresses of twelve strangers."""
    rows, names = [], []
    for family in range(30):
        for n in range(4):
            rows.append((f"f{family}-{n}", f"{kind}family{family}"))
            names.append((f"f{family}-{n}", FIRST[n], LAST[family % 12], None))
    for till in range(strangers):
        for n in range(12):
            rows += [(f"t{till}-{n}", f"{kind}till{till}"), (f"t{till}-{n}", f"id:s:{till}-{n}")]
            names.append((f"t{till}-{n}", FIRST[n], LAST[(n + till) % 12], None))
    return held(*rows), named(*names)


def learned(identifiers: pa.Table, names: pa.Table) -> dict[str, limits.Limit]:
    graph = read(identifiers, TODAY)
    return limits.learn(graph, read_traits(names, graph.records))


def test_twelve_strangers_set_the_limit_and_families_do_not():
    assert learned(*town()) == {"email": limits.Limit(11, 1, 1.0)}
    assert learned(*town(strangers=0)) == {}
    assert set(learned(*town("id:vat:"))) == {"id:vat"}, "an id too: a firm's number is nobody's"


def test_what_is_over_the_learned_limit_joins_nobody_and_comes_back_only_well_below_it():
    identifiers, names = town()
    names = pa.concat_tables([names, named(("t0-12", "Ann", "Smith", None))])
    identifiers = pa.concat_tables([identifiers, held(("t0-12", "email:till0"), ("t0-12", "id:s:0-12"))])
    rules = Rules(learned={"email": 11})
    found = resolve(identifiers, History(), DAY, rules, Evidence(names))
    assert frozenset({"t0-0", "t0-12"}) not in groups(found), "two of one name there are not one"
    row = found.ignored.to_pylist()[0]
    assert (found.ignored.num_rows, row["identifier"], row["because"]) == (1, "email:till0", "learned")
    assert frozenset({"t0-0", "t0-12"}) in groups(resolve(identifiers, History(), DAY, Rules(), Evidence(names)))
    for left, is_back in ((10, False), (8, True)):
        kept = [r for r in range(identifiers.num_rows) if identifiers["record_id"][r].as_py() not in
                {f"t0-{n}" for n in range(left, 12)}]  # fmt: skip
        fewer = resolve(identifiers.take(kept), found.history, DAY, rules, Evidence(names))
        assert (fewer.ignored.num_rows == 0) is is_back, left


def test_one_human_under_many_spellings_is_no_crowd():
    spelt = ["Katherine", "Kate", "K.", "Kathrine", "Katharine", "Cathy Katherine", "KATHERINE", "Katherin"]
    rows = held(*[(f"r{n}", "email:kate") for n in range(8)])
    names = named(*[(f"r{n}", name, "Smith", None) for n, name in enumerate(spelt)])
    found = resolve(rows, History(), DAY, Rules(learned={"email": 4}), Evidence(names))
    assert found.ignored.num_rows == 0


def test_an_id_whose_founder_becomes_a_crowd_goes_with_its_records():
    rows = held(*[(f"r{n}", "email:till", 9) for n in range(6)], *[(f"r{n}", f"phone:{n}") for n in range(6)])
    names = named(*[(f"r{n}", FIRST[n], LAST[n], None) for n in range(6)])
    before = resolve(rows, History(), DAY, Rules(), Evidence(names))
    after = resolve(rows, before.history, DAY, Rules(learned={"email": 4}), Evidence(names))
    assert after.ignored.num_rows == 1 and after.record_people.equals(before.record_people)
