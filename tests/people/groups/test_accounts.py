"""Which rows are one account, which stands above which, and whose people are whose."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from support.groups import NO_WORDS, companies, sets, words

from core.errors import ConfigError
from core.settings import load_settings
from people.groups import account_people, accounts, hierarchy
from people.groups.spec import AccountSpec, load_accounts

OURS = AccountSpec()
Row = dict[str, Any]


def row(key: str, name: str | None = None, domain: str | None = None, **more: Any) -> Row:
    return {"account_key": key, "name": name, "domain": domain} | more


def record(
    person: str, email: str | None = None, company: str | None = None, key: str | None = None, **more: Any
) -> Row:
    return {
        "record_id": f"r_{person}",
        "person_id": person,
        "email": email,
        "company": company,
        "account_key": key,
    } | more


class Firms:
    """Accounts of a night under ids that are the least of their keys."""

    def __init__(self, db: duckdb.DuckDBPyConnection, rows: list[Row], said: pa.Table = NO_WORDS) -> None:
        self.db, self.parts = db, accounts.find(db, OURS, companies(*rows), said)
        least: dict[int, str] = {}
        for part in self.parts.to_pylist():
            least.setdefault(part["part"], part["member"])
        names = pa.array([least[part] for part in self.parts["part"].to_pylist()], pa.string())
        self.table, self.doubts = hierarchy.build(
            db, pa.table({"account_key": self.parts["member"], "group_id": names})
        )

    def people(self, *records: Row, spec: AccountSpec = OURS) -> dict[str, tuple[str, str]]:
        table = pa.Table.from_pylist(list(records), schema=account_people.RECORDS)
        links, self.doubts = account_people.link(self.db, spec, table, self.table)
        return {r["person_id"]: (r["account_id"], r["linked_by"]) for r in links.to_pylist()}


def together(db: duckdb.DuckDBPyConnection, *rows: Row, said: pa.Table = NO_WORDS) -> set[frozenset[str]]:
    return {one for one in sets(accounts.find(db, OURS, companies(*rows), said)) if len(one) > 1}


@pytest.mark.parametrize(("one", "other"), [
    (("Acme Ltd", "https://www.ACME.com/de?x=1"), ("ACME Limited", "acme.com.")),
    (("Bücher GmbH", "Bücher.de"), ("Buecher", "xn--bcher-kva.de")),
    (("Acme", None), ("Acme Inc.", "acme.com")), ((None, "acme.com"), ("Acme", "acme.com")),
    (("Müller & Söhne", None), ("Mueller und Soehne GmbH", None)), (("ООО Ромашка", None), ("Romashka", None)),
])  # fmt: skip
def test_two_sources_rows_of_one_company_are_one_account(bench, one, other):
    assert together(bench, row("a", *one), row("b", *other, source="shop")) == {frozenset("ab")}


@pytest.mark.parametrize(("one", "other"), [
    (row("a", "Acme", "acme.com"), row("b", "Acme", "acme.org", source="shop")),
    (row("a", "Acme", country="DE"), row("b", "Acme", country="US", source="shop")),
    (row("a", "Acme", "acme.com"), row("b", "Beta", "acme.com")),
    (row("a", "Acme"), row("b", "Acme")),
    (row("a", "Acme Filiale Nord 1", "acme.com"), row("b", "Acme Filiale Nord 2", "acme.com")),
    (row("a", "Acme", "gmail.com"), row("b", "Beta", "gmail.com", source="shop")),
    (row("a"), row("b", source="shop")), (row("a", "GmbH", "-"), row("b", "", "", source="shop")),
])  # fmt: skip
def test_what_only_looks_like_one_company_stays_two(bench, one, other):
    assert together(bench, one, other) == set()


def test_a_row_without_a_name_does_not_glue_two_companies_of_one_domain(bench):
    assert together(bench, row("a", "Acme", "x.com"), row("b", "Beta", "x.com"), row("c", None, "x.com")) == set()


def test_namesakes_of_two_domains_are_not_joined_by_a_third_row_that_has_none(bench):
    rows = [row("a", "Acme", "acme.com"), row("b", "Acme", "acme.org"), row("c", "Acme", source="shop")]
    assert together(bench, *rows) == set()
    assert together(bench, *rows, said=words(("a", "c", "same"))) == {frozenset("ac")}
    joined = [row("a", "Acme", "acme.com"), row("c", "Acme", source="shop")]
    assert together(bench, *joined, said=words(("a", "c", "different"))) == set()


def test_an_account_has_the_parent_that_its_row_or_its_domain_names(bench):
    firms = Firms(bench, [
        row("a", "Acme", "acme.com"), row("b", "Acme DE", "de.acme.com"), row("c", "Acme AT", "x.de.acme.com"),
        row("d", "Daughter", "daughter.com", parent_account_key="b"), row("e", "Other", "e.com"),
    ])  # fmt: skip
    placed = {
        r["account_id"]: (r["parent_account_id"], r["top_account_id"], r["depth"]) for r in firms.table.to_pylist()
    }
    assert placed == {
        "a": (None, "a", 0),
        "b": ("a", "a", 1),
        "c": ("b", "a", 2),
        "d": ("b", "a", 2),
        "e": (None, "e", 0),
    }
    above = {(r["account_id"], r["ancestor_id"]) for r in hierarchy.ancestors(bench).to_pylist()}
    assert above == {(x, x) for x in "abcde"} | {("b", "a"), ("c", "b"), ("c", "a"), ("d", "b"), ("d", "a")}


def test_circles_an_own_parent_and_an_unknown_one_are_refused_and_told(bench):
    firms = Firms(bench, [
        row("a", parent_account_key="b"), row("b", parent_account_key="c"), row("c", parent_account_key="a"),
        row("d", parent_account_key="a"), row("e", parent_account_key="e"), row("f", parent_account_key="gone"),
    ])  # fmt: skip
    assert {r["account_id"]: r["parent_account_id"] for r in firms.table.to_pylist()} == {
        "a": None, "b": None, "c": None, "d": "a", "e": None, "f": None}  # fmt: skip
    assert {(r["kind"], r["account_ids"]) for r in firms.doubts.to_pylist()} == {
        ("parent_cycle", "a, b, c"), ("parent_cycle", "e"), ("unknown_parent", "f")}  # fmt: skip


def test_the_crms_word_outranks_a_domain_and_a_domain_a_name(bench):
    firms = Firms(bench, [row("a", "Acme", "acme.com"), row("b", "Beta Logistics", "beta.de")])
    assert firms.people(
        record("crm", "x@acme.com", "Acme", "b"),
        record("domain", "X@Mail.ACME.com", "Beta Logistics"),
        record("name", "x@gmail.com", "ACME Inc"),
        record("like", None, "Beta Logistiks"),
        record("free", "x@web.de"),
        record("trash", "x@mailinator.com"),
        record("nobody"),
        record("other", "x@notacme.com", "Zeta"),
    ) == {"crm": ("b", "crm"), "domain": ("a", "domain"), "name": ("a", "name"), "like": ("b", "similar_name")}
    only = AccountSpec(linked_by=("crm",))
    assert firms.people(record("crm", key="b"), record("domain", "x@acme.com"), spec=only) == {"crm": ("b", "crm")}


def test_who_has_changed_the_company_is_of_the_newest(bench):
    firms = Firms(bench, [row("a", "Acme", "acme.com"), row("b", "Beta", "beta.de")])
    old, new = datetime(2025, 1, 1), datetime(2026, 1, 1)
    assert firms.people(record("p", "x@acme.com", updated_at=old), record("p", "x@beta.de", updated_at=new)) == {
        "p": ("b", "domain")}  # fmt: skip


def test_an_ambiguous_domain_or_name_links_nobody_and_is_told(bench):
    firms = Firms(bench, [row("a", "Acme", "x.com"), row("b", "Beta", "x.com"), row("c", "Twin"), row("d", "Twin")])
    assert firms.people(record("p", "p@x.com"), record("q", None, "Twin"), record("r", "r@x.com", key="a")) == {
        "r": ("a", "crm")}  # fmt: skip
    assert [(r["kind"], r["name"], r["account_ids"], r["people"]) for r in firms.doubts.to_pylist()] == [
        ("ambiguous_domain", "x.com", "a, b", 1), ("ambiguous_name", "twin", "c, d", 1)]  # fmt: skip


def test_a_domain_of_a_family_of_accounts_is_its_tops(bench):
    firms = Firms(bench, [row("a", "Acme", "x.com"), row("b", "Beta", "x.com", parent_account_key="a")])
    assert firms.people(record("p", "p@x.com")) == {"p": ("a", "domain")}


def test_a_stewards_word_on_a_person_and_an_account_outranks_all(bench):
    said = words(("r_p", "b", "same"), ("r_q", "a", "different"))
    firms = Firms(bench, [row("a", "Acme", "acme.com"), row("b", "Beta", "beta.de")], said)
    assert firms.people(record("p", "p@acme.com"), record("q", "q@acme.com"), record("s", "s@acme.com")) == {
        "p": ("b", "steward"), "s": ("a", "domain")}  # fmt: skip
    assert sets(firms.parts) == {frozenset("a"), frozenset("b")}


def test_a_countrys_suffix_is_nobodys_domain_and_a_thousand_rows_of_one_domain_end_well(bench):
    firms = Firms(bench, [row("a", "Acme", "co.uk")])
    assert firms.people(record("p", "p@shop.co.uk")) == {}
    many = [row(f"k{n:04}", f"Branch {n}", "x.com") for n in range(1000)]
    assert len(sets(accounts.find(bench, OURS, companies(*many), NO_WORDS))) == 1000


def test_no_accounts_and_no_people_give_empty_tables(bench):
    firms = Firms(bench, [])
    assert firms.table.num_rows == 0 and firms.people() == {} and hierarchy.ancestors(bench).num_rows == 0


def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path):
    (tmp_path / "people").mkdir()
    text = "names: {join: 0.9, review: 0.95}\nlinked_by: [guess]\nnot_companies: [a@b.de]\n"
    (tmp_path / "people/accounts.yml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load_accounts(load_settings(root=tmp_path, home=tmp_path / "home"))
    told = "\n".join(error.value.mistakes)
    for part in ("people/accounts.yml:1: names: Value error, review must not be above join", ":2: linked_by",
                 ":3: not_companies: Value error, a@b.de: no domain"):  # fmt: skip
        assert part in told
