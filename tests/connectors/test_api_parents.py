"""One question for each parent that has changed, and a cursor in a list of the body."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from support.fakes.server import Answer, Fake, Request, serve

from connectors.pull import pull
from connectors.source import Source
from core.warehouse import connect

SOURCE = """
description: Contacts, and what each has said
tables:
  contacts:
    kind: http
    method: POST
    path: search
    body: {filters: [{at: "{since}"}, {above: "0"}]}
    records: data
    paginate: {type: cursor, next: "data[-1].id", param: body.filters.1.above}
    since_first: "2000-01-01"
    key: [id]
    cursor: changed
    late_days: 1
    columns: {id: {type: text, required: true}, changed: timestamp, email: text}
  words:
    kind: http
    path: words/{parent}
    for_each: {table: contacts, column: email, changed: true}
    records: data
    key: [email]
    cursor: contact_changed
    late_days: 1
    columns:
      email: {type: text, from: _parent, required: true}
      word: text
      contact_changed: {type: timestamp, from: _parent_at}
"""


class Api(Fake):
    """Three contacts, one a page."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = {1: "2026-03-01T10:00:00Z", 2: "2026-03-20T10:00:00Z", 3: "2026-03-20T10:00:00Z"}
        self.emails: dict[int, str | None] = {1: "a+b@example.com", 2: "b@example.com", 3: None}
        self.is_down = False

    def carries(self, request: Request) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        if request.method == "GET":
            return Answer(404 if self.is_down else 200, {"data": [{"word": "yes"}]})
        since, above = (next(iter(rule.values())) for rule in request.json()["filters"])
        found = [i for i, at in self.changed.items() if at >= since and i > int(above)]
        rows = [{"id": i, "changed": self.changed[i], "email": self.emails[i]} for i in found]
        return Answer(200, {"data": rows[:1]})

    def asked(self) -> list[str]:
        return [r.path.removeprefix("/words/") for r in self.requests if r.method == "GET"]


@pytest.fixture
def api(project) -> Iterator[Api]:
    project.source(SOURCE)
    with serve(Api()) as api:
        project.settings_given = {"sources": {"people": {"url": api.url}}}
        yield api


def night(project: Any, day: int) -> dict[str, Any]:
    return {entry["table"]: entry for entry in pull(project.settings, date(2026, 3, day), ["people"])["sources"]}


def test_each_page_goes_on_behind_its_last_record_in_a_list_of_the_body(project, api):
    assert night(project, 21)["contacts"]["rows_landed"] == 3
    assert [r.json()["filters"][1]["above"] for r in api.requests if r.method == "POST"][:4] == ["0", 1, 2, 3]


def test_only_parents_that_have_changed_since_our_own_mark_are_asked_about(project, api):
    assert night(project, 21)["words"]["rows_landed"] == 2
    assert api.asked() == ["a%2Bb%40example.com", "b%40example.com"]
    api.requests.clear()
    assert night(project, 22)["words"]["rows_in"] == 1 and api.asked() == ["b%40example.com"]


def test_parents_that_changed_while_we_were_refused_are_asked_about_later(project, api):
    night(project, 21)
    api.is_down, api.changed[1] = True, "2026-03-21T12:00:00Z"
    assert "error" in night(project, 22)["words"]
    api.changed[2] = "2026-03-23T12:00:00Z"
    assert "error" in night(project, 24)["words"]  # the contacts' own mark is beyond the first by now
    api.is_down = False
    api.requests.clear()
    assert night(project, 25)["words"]["rows_landed"] == 2
    assert api.asked() == ["a%2Bb%40example.com", "b%40example.com"]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"cursor": "id", "late_days": 1}, "from: _parent_at"),
        ({}, "from: _parent_at"),
        ({"for_each": {"table": "whole", "column": "id", "changed": True}}, "whole is read whole each time"),
    ],
)
def test_what_cannot_be_asked_by_change_is_refused(more, word):
    whole = {"kind": "http", "path": "p", "columns": {"id": "text", "seen_at": "timestamp"}}
    parent = whole | {"cursor": "seen_at", "cursor_param": "since", "late_days": 1}
    child = whole | {"path": "p/{parent}", "for_each": {"table": "parent", "column": "id", "changed": True}} | more
    with pytest.raises(ValueError, match=word):
        Source.model_validate(
            {"name": "a", "description": "A", "tables": {"whole": whole, "parent": parent, "child": child}}
        )


ODD = [
    "../contacts",
    "a/b",
    "a?b=1",
    "a#b",
    "a%2fb",
    "%2e%2e",
    "a\x01b",
    "a\nb\x7f",
    " ",
    "...",
    "..;",
    "é💶",
    "a&b=c",
    "\\..\\",
]


def test_no_parent_leads_to_another_path_and_what_cannot_be_asked_is_a_reject(project, api):
    api.emails = dict(enumerate([*ODD, "..", ".", "cut\ud83d", ""], 1))
    api.changed = dict.fromkeys(api.emails, "2026-03-20T10:00:00Z")
    words = night(project, 21)["words"]
    asked = [r.path for r in api.requests if r.method == "GET"]
    assert [unquote(path.removeprefix("/words/")) for path in asked] == ODD
    assert all(path.count("/") == 2 and not set("?#") & set(path) for path in asked)
    assert (words["rows_in"], words["rows_landed"], words["rows_rejected"]) == (len(ODD) + 3, len(ODD), 3)
    with connect(project.settings) as db:
        rejects = db.query("select line, value, reason from raw.rejects where table_name = 'words'").to_pylist()
        emails = db.query("select email from raw.people__words")["email"].to_pylist()
    assert {row["line"] for row in rejects} == {0} and len(rejects) == 3
    assert sum("would ask for another path" in row["reason"] for row in rejects) == 2
    assert len(emails) == len(ODD)
