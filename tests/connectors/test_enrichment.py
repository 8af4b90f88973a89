"""An enrichment source asks for what is due, within its cap of calls and money, and not again before it is old."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from support.fakes.server import Answer, Fake, Request, serve

from connectors.pull import pull
from core.warehouse import connect

SOURCE = """
description: What a directory knows of companies
enrichment:
  lawful_basis: legitimate_interests
  documented_in: register of processing, no. 12
  max_age_days: 30
  max_calls_per_day: 3
  cost_per_call: 0.5
  max_cost_per_month: 2.5
tables:
  companies:
    kind: http
    path: people/{parent}
    for_each: {ask: people_without_company, absent: [404]}
    undeclared: leave
    key: [email]
    columns: {email: {type: text, from: _parent, required: true, identifier: email}, company: text}
"""
MARCH = date(2026, 3, 10)


class Directory(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.companies, self.is_down = {"ann@acme.com": "Acme", "bob@best.com": "Best"}, False

    def carries(self, request: Request) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        name = request.path.rsplit("/", 1)[1].replace("%40", "@")
        if self.is_down:
            return Answer(401, {"error": "no"})
        return Answer(200, {"company": self.companies[name]}) if name in self.companies else Answer(404, {})

    def asked(self) -> list[str]:
        return [r.path.rsplit("/", 1)[1].replace("%40", "@") for r in self.requests]


@pytest.fixture
def api(project) -> Iterator[Directory]:
    project.source(SOURCE)
    with serve(Directory()) as api:
        project.settings_given = {"sources": {"people": {"url": api.url}}}
        yield api


def wanted(project: Any, *emails: str, priority: bool = False) -> None:
    columns = {"value": pa.array(emails, pa.string())}
    columns |= {"priority": pa.array(range(len(emails)), pa.int64())} if priority else {}
    with connect(project.settings, writer="marts") as db:
        db.load("marts.ask__people_without_company", pa.table(columns), "replace" if db.exists(
            "marts.ask__people_without_company") else "create")  # fmt: skip


def night(project: Any, day: date = MARCH) -> dict[str, Any]:
    return pull(project.settings, day, ["people"])["sources"][0]


def landed(project: Any) -> dict[str, str]:
    return {row["email"]: row["company"] for row in project.rows("select email, company from raw.people__companies")}


def test_who_is_due_is_asked_for_and_the_second_night_asks_nobody(project, api):
    wanted(project, "ann@acme.com", "bob@best.com", "who@nowhere.com")
    first = night(project)
    assert first["enrichment"] == {"asked": 3, "waiting": 0, "cost": 1.5, "currency": "EUR"}
    assert landed(project) == {"ann@acme.com": "Acme", "bob@best.com": "Best"} and len(api.requests) == 3
    second = night(project, date(2026, 3, 11))
    assert second["enrichment"]["asked"] == 0 and len(api.requests) == 3, "an answer is kept for thirty days"
    assert night(project)["enrichment"]["asked"] == 0, "nor is it asked for because a pull is repeated"


def test_an_answer_that_is_old_is_asked_for_again_and_a_changed_one_is_a_new_version(project, api):
    wanted(project, "ann@acme.com")
    night(project)
    api.companies["ann@acme.com"] = "Other"
    assert night(project, date(2026, 4, 8))["enrichment"]["asked"] == 0
    assert night(project, date(2026, 4, 9))["rows_landed"] == 1
    assert len(project.raw(table="people__companies")) == 2 and api.asked() == ["ann@acme.com"] * 2


def test_no_more_is_asked_than_a_day_and_a_month_allow(project, api):
    wanted(project, *(f"p{n}@acme.com" for n in range(9)))
    first, again, second = night(project), night(project), night(project, date(2026, 3, 11))
    assert [entry["enrichment"]["asked"] for entry in (first, again, second)] == [3, 0, 2], "5 calls cost 2.50"
    assert second["enrichment"]["waiting"] == 4 and len(api.requests) == 5
    assert night(project, date(2026, 3, 12))["enrichment"]["asked"] == 0
    assert night(project, date(2026, 4, 1))["enrichment"]["asked"] == 3, "a new month"


def test_the_most_important_are_asked_for_first(project, api):
    wanted(project, *(f"p{n}@acme.com" for n in range(9)), priority=True)
    night(project)
    assert api.asked() == ["p8@acme.com", "p7@acme.com", "p6@acme.com"]


def test_a_night_that_fails_has_cost_its_calls_and_its_values_are_asked_for_again(project, api):
    wanted(project, "ann@acme.com", "bob@best.com", "eve@best.com")
    api.is_down = True
    assert "401" in night(project)["error"]
    api.is_down = False
    assert night(project)["enrichment"]["asked"] == 0, "three calls were counted before they were made"
    assert night(project, date(2026, 3, 11))["enrichment"]["asked"] == 2, "and cost 1.50 of 2.50"


def test_before_the_first_build_nobody_is_asked_for(project, api):
    entry = night(project)
    assert "not built yet" in entry["enrichment"]["note"] and not api.requests and "error" not in entry


def test_an_address_that_is_no_path_asks_nothing_else(project, api):
    wanted(project, "..", "a/../b", "ann@acme.com")
    night(project)
    assert landed(project) == {"ann@acme.com": "Acme"} and all(r.path.startswith("/people/") for r in api.requests)


@pytest.mark.parametrize(("change", "mistake"), [
    (("lawful_basis: legitimate_interests", "lawful_basis: because"), "lawful_basis"),
    (("  max_age_days: 30\n", ""), "max_age_days"),
    (("  cost_per_call: 0.5\n", ""), "max_cost_per_month wants cost_per_call"),
    (("for_each: {ask: people_without_company, absent: [404]}", "for_each: {table: x, column: y}"), "for_each"),
    (("    for_each: {ask: people_without_company, absent: [404]}\n", ""), "for_each"),
    (("for_each: {ask: people", "paginate: {type: page}\n    for_each: {ask: people"), "single"),
])  # fmt: skip
def test_a_file_without_its_ground_its_age_or_its_cap_is_refused(project, change, mistake):
    project.source(SOURCE.replace(*change))
    result = pull(project.settings, MARCH)
    assert mistake in result["sources"][0]["error"] and "people.yml:" in result["sources"][0]["error"]


def test_no_other_source_asks_for_values(project):
    start = SOURCE.index("enrichment:")
    project.source(SOURCE[:start] + SOURCE[SOURCE.index("tables:") :])
    assert "wants `enrichment`" in pull(project.settings, MARCH)["sources"][0]["error"]
