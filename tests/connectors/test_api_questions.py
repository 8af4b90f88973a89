"""What an API is asked, how one signs in, and where a question ends: each key of `kind: http` against a server."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from support.fakes.server import Answer, Fake, Request, serve
from support.little_project import DAY
from support.shop import ROOT

from connectors.again import again
from connectors.kinds.api.spec import Auth, Paginate
from connectors.source import OWN_KEYS, Source

DAY_1, DAY_2 = date(2026, 3, 30), date(2026, 3, 31)
SOURCE = """
description: An API
tables:
  people:
    kind: http
    path: {path}
    records: data
    {more}
    key: [id]
    columns:
      id: {{type: text, required: true}}
      seen_at: {{type: timestamp, from: at}}
      {columns}
"""
RECORDS = [{"id": f"{i:02}", "at": "2026-03-25T10:00:00Z"} for i in range(5)]


class Api(Fake):
    """Answers what the test's function says."""

    def __init__(self) -> None:
        super().__init__()
        self.reply: Any = lambda request: Answer(200, {"data": RECORDS})

    def carries(self, request: Request) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        return self.reply(request)

    def query(self, number: int = -1) -> dict[str, str]:
        return {k: v[0] for k, v in self.requests[number].query.items()}


@pytest.fixture
def api(project) -> Iterator[Api]:
    with serve(Api()) as api:
        project.settings_given = {"sources": {"people": {"url": f"{api.url}/v1"}}}
        yield api


def write(project, more: str, path: str = "people", columns: str = "kind: text") -> None:
    project.source(SOURCE.format(path=path, more=more.replace("\n", "\n    "), columns=columns))


@pytest.mark.parametrize(
    ("more", "first", "second"),
    [
        ("cursor_param: since", {}, {"since": "2026-03-24T10:00:00Z"}),
        ("cursor_param: since\nsince_first: 2000-01-01", {"since": "2000-01-01T00:00:00Z"},
         {"since": "2026-03-24T10:00:00Z"}),
        ("cursor_param: since\ncursor_format: iso", {}, {"since": "2026-03-24T10:00:00"}),
        ("cursor_param: since\ncursor_format: date", {}, {"since": "2026-03-24"}),
        ("cursor_param: since\ncursor_format: epoch_seconds", {}, {"since": "1774346400"}),
        ("cursor_param: since\ncursor_format: epoch_milliseconds", {}, {"since": "1774346400000"}),
        ('cursor_param: filter\ncursor_value: "greater-than(updated,{since})"', {},
         {"filter": "greater-than(updated,2026-03-24T10:00:00Z)"}),
        ("params: {all: true, n: 5}", {"all": "true", "n": "5"}, {"all": "true", "n": "5"}),
        ('params: {q: "a > {since} and a < {next_day}", day: "{day}"}', {"day": "2026-03-30"},
         {"q": "a > 2026-03-24T10:00:00Z and a < 2026-04-01", "day": "2026-03-31"}),
    ],
)  # fmt: skip
def test_the_mark_is_written_as_the_api_reads_it(project, api, more, first, second):
    write(project, f"cursor: seen_at\nlate_days: 1\n{more}")
    project.pull(DAY_1)
    assert api.query() == first
    project.pull(DAY_2)
    assert api.query() == second


def test_the_mark_and_the_day_stand_in_a_path(project, api):
    write(project, "cursor: seen_at\nlate_days: 0\nsince_first: 2020-01-01\ncursor_format: date",
          path='"changes/{since}/{day}"')  # fmt: skip
    project.pull(DAY_1)
    assert api.requests[-1].path == "/v1/changes/2020-01-01/2026-03-30"
    project.pull(DAY_2)
    assert api.requests[-1].path == "/v1/changes/2026-03-25/2026-03-31"


def test_a_body_is_sent_with_the_mark_and_the_page_in_it(project, api):
    def reply(request: Request) -> Answer:
        start = request.json().get("offset", 0)
        return Answer(200, {"data": RECORDS[start : start + 2], "total": 5})

    api.reply = reply
    body = 'method: POST\nbody: {limit: 2, filters: [{at: "{since}", op: GTE}], to: "{day}"}'
    mark = "cursor: seen_at\nlate_days: 0\ncursor_param: body.range.from\ncursor_format: epoch_milliseconds"
    pages = "paginate: {type: offset, size: 2, param: body.offset, size_param: body.limit, total: total}"
    write(project, f"{body}\n{mark}\n{pages}")
    assert project.pull(DAY_1)["rows_landed"] == 5
    assert [r.method for r in api.requests] == ["POST"] * 3
    assert [r.json()["offset"] for r in api.requests] == [0, 2, 4]
    assert api.requests[0].json() == {"limit": 2, "offset": 0, "filters": [{"op": "GTE"}], "to": "2026-03-30"}
    assert project.pull(DAY_2)["rows_unchanged"] == 5
    body = api.requests[-1].json()
    assert body["filters"][0]["at"] == body["range"]["from"] == 1774432800000


def test_a_cursor_goes_on_in_the_body(project, api):
    def reply(request: Request) -> Answer:
        start = int(request.json().get("page", {}).get("after", 0))
        return Answer(200, {"data": RECORDS[start : start + 2], "next": str(start + 2) if start < 4 else None})

    api.reply = reply
    write(project, "method: POST\nbody: {limit: 2}\npaginate: {type: cursor, next: next, param: body.page.after}")
    assert project.pull()["rows_landed"] == 5 and len(api.requests) == 3


def test_the_last_records_id_leads_on_while_there_is_more(project, api):
    def reply(request: Request) -> Answer:
        after = request.query.get("starting_after", ["-1"])[0]
        start = int(after) + 1
        return Answer(200, {"data": RECORDS[start : start + 2], "has_more": start + 2 < 5})

    api.reply = reply
    write(project, 'paginate: {type: cursor, param: starting_after, next: "data[-1].id", has_more: has_more}')
    assert project.pull()["rows_landed"] == 5
    assert [api.query(n).get("starting_after") for n in range(3)] == [None, "01", "03"]


def test_an_answer_that_says_so_is_the_last_although_it_gives_a_cursor(project, api):
    def reply(request: Request) -> Answer:
        start = int(request.query.get("cursor", ["0"])[0])
        return Answer(200, {"data": RECORDS[start : start + 3], "after": str(start + 3), "end_of_stream": start == 3})

    api.reply = reply
    write(project, "paginate: {type: cursor, next: after, end_when: end_of_stream}")
    assert project.pull()["rows_landed"] == 5 and len(api.requests) == 2


def test_a_header_says_how_many_pages_there_are(project, api):
    def reply(request: Request) -> Answer:
        start = (int(request.query["page"][0]) - 1) * 2
        return Answer(200, {"data": RECORDS[start : start + 2]}, {"X-Pages": "3"} if api.with_header else {})

    api.reply, api.with_header = reply, True
    write(project, "paginate: {type: page, total_header: X-Pages}")
    assert project.pull()["rows_landed"] == 5 and len(api.requests) == 3
    api.with_header = False
    assert "does not say how to go on" in project.pull()["error"]


@pytest.mark.parametrize(("undeclared", "columns"), [("land", ["ip"]), ("leave", [])])
def test_what_nobody_declared_lands_or_is_left_where_it_is(project, api, undeclared, columns):
    api.reply = lambda request: Answer(200, {"data": [r | {"ip": "192.0.2.1"} for r in RECORDS]})
    write(project, f"undeclared: {undeclared}")
    entry = project.pull()
    assert (entry["rows_landed"], entry["columns_added"]) == (5, columns)
    assert ("192.0.2.1" in str(project.raw())) == bool(columns)


def test_a_column_that_is_declared_later_makes_no_row_another_one(project, api):
    """Its id is of all that the API said, so that nothing lands twice; `pull --again` fills the column."""
    more = '"ip": "192.0.2.1", "worth": 1.50, "deep": {"no": 7.10}, "big": 12345678901234567890.50'
    body = json.dumps({"data": RECORDS}).replace("}", f", {more}}}")[: -len(f", {more}}}")] + "}"
    api.reply = lambda request: Answer(200, body.encode())
    write(project, "undeclared: leave")
    assert project.pull()["rows_landed"] == 5
    ids = {row["_row_key"] for row in project.raw("_row_key")}
    path = project.root / "connectors/sources/people.yml"
    path.write_text(
        path.read_text().rstrip() + "\n      ip: text\n      worth: number\n      code: {type: text, from: deep.no}\n"
    )
    entry = project.pull(DAY + timedelta(days=1))
    assert (entry["rows_landed"], entry["rows_unchanged"]) == (0, 5), entry
    again(project.settings, "people.people")
    assert {(row["ip"], row["worth"], row["code"]) for row in project.raw("ip, worth, code")} == {
        ("192.0.2.1", 1.5, "7.10")
    }
    assert {row["_row_key"] for row in project.raw("_row_key")} == ids


LISTS = """
description: Lists and who is on them
tables:
  lists:
    kind: http
    path: lists
    records: data
    cursor: changed_at
    late_days: 0
    cursor_param: since
    columns: {id: {type: integer, from: list.id}, changed_at: timestamp}
  members:
    kind: http
    path: lists/{parent}/members
    records: data
    deletes: snapshot
    for_each: {table: lists, column: id}
    key: [list_id, email]
    columns:
      list_id: {type: integer, from: _parent}
      email: text
"""


def pull_lists(project, day: date) -> dict[str, Any]:
    from connectors.pull import pull

    return {e["table"]: e for e in pull(project.settings, day, ["people"])["sources"]}


def test_each_row_of_another_table_is_asked_for_and_what_is_gone_is_marked(project, api):
    members = {"1": ["a@example.com", "b@example.com"], "2 x": ["a@example.com"], "3": []}

    def reply(request: Request) -> Answer:
        if request.path == "/v1/lists":
            given = [] if "since" in request.query else list(members)
            changed = "2026-03-01T00:00:00Z"
            return Answer(200, {"data": [{"list": {"id": i}, "changed_at": changed} for i in given or list(members)]})
        name = request.path.removeprefix("/v1/lists/").removesuffix("/members").replace("%20", " ")
        return Answer(200, {"data": [{"email": email} for email in members[name]]})

    api.reply = reply
    project.source(LISTS.replace("integer", "text"))
    first = pull_lists(project, DAY_1)
    assert (first["lists"]["rows_landed"], first["members"]["rows_landed"]) == (3, 3)
    assert [r.path for r in api.requests].count("/v1/lists") == 2  # once for its rows, once for its members
    members["1"].remove("b@example.com")
    second = pull_lists(project, DAY_2)
    assert (second["members"]["rows_deleted"], second["members"]["rows_unchanged"]) == (1, 2)
    gone = project.rows("select list_id, email from raw.people__members where _is_deleted")
    assert gone == [{"list_id": "1", "email": "b@example.com"}]


def test_an_api_whose_lists_are_down_deletes_nobody(project, api):
    api.reply = lambda r: Answer(200, {"data": [{"list": {"id": 7}, "email": "a@example.com"}]})
    project.source(LISTS)
    assert pull_lists(project, DAY_1)["members"]["rows_landed"] == 1
    api.reply = lambda r: Answer(404 if "members" in r.path else 200, {"data": [{"list": {"id": 7}}]})
    assert "error" in pull_lists(project, DAY_2)["members"]
    api.reply = lambda r: Answer(200, {"data": []})
    assert any("no keys at all" in w for w in pull_lists(project, DAY_2)["members"]["warnings"])
    assert not project.rows("select 1 from raw.people__members where _is_deleted")


class Tokens:
    """Gives numbered tokens; only the newest is good, for so many calls."""

    def __init__(self, lives: int) -> None:
        self.given, self.lives, self.forms = 0, lives, []

    def __call__(self, request: Request) -> Answer:
        if request.path.endswith("/token"):
            self.given, self.calls = self.given + 1, 0
            self.forms.append(request.form())
            return Answer(200, {"access_token": f"token-{self.given}", "expires_in": 3600})
        self.calls += 1
        if request.headers.get("authorization") != f"Bearer token-{self.given}" or self.calls > self.lives:
            return Answer(401, {"error": "expired"})
        page = int(request.query.get("page", ["1"])[0])
        return Answer(200, {"data": RECORDS[page - 1 : page]})


def test_a_token_is_fetched_once_and_once_more_when_it_has_run_out(project, api, monkeypatch):
    for name in ("CLIENT", "SECRET", "REFRESH"):
        monkeypatch.setenv(f"API_{name}", f"hush-{name}")
    auth = "auth: {type: oauth2, token_url: /oauth/token, grant: refresh_token, client: API_CLIENT, secret: API_SECRET,"
    write(project, f"{auth} refresh: API_REFRESH, scope: read}}\npaginate: {{type: page}}")
    api.reply = tokens = Tokens(lives=4)
    assert project.pull()["rows_landed"] == 5
    assert tokens.given == 2 and tokens.forms[0] == {
        "grant_type": "refresh_token", "client_id": "hush-CLIENT", "client_secret": "hush-SECRET",
        "refresh_token": "hush-REFRESH", "scope": "read",
    }  # fmt: skip
    api.reply = tokens = Tokens(lives=0)
    entry = project.pull()
    assert "401" in entry["error"] and tokens.given == 2 and "hush" not in str(entry)


@pytest.mark.parametrize(
    ("reply", "kind", "word"),
    [
        (Answer(400, {"error": "invalid_client"}), "ConfigError", "Check API_CLIENT, API_SECRET"),
        (Answer(503, {}), "RetryableError", "503"), (Answer(200, {"token": "x"}), "ConfigError", "gave no token"),
        (Answer(302, {}, {"Location": "http://127.0.0.1:1/"}), "ConfigError", "302"),
        (Answer(200, b"<html>"), "ConfigError", "gave no token"),
    ],
)  # fmt: skip
def test_a_refused_token_is_told_with_what_to_check(project, api, monkeypatch, reply, kind, word):
    monkeypatch.setenv("API_CLIENT", "hush-client")
    monkeypatch.setenv("API_SECRET", "hush-secret")
    api.reply = lambda request: reply
    write(project, "auth: {type: oauth2, token_url: /token, grant: client_credentials, client: API_CLIENT, "
                   "secret: API_SECRET}")  # fmt: skip
    entry = project.pull()
    assert entry["error_kind"] == kind and word in entry["error"] and "hush" not in str(entry)
    assert len(api.requests) == 1


def test_a_google_key_signs_an_assertion(project, api, monkeypatch):
    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {"client_email": "robot@example.com", "private_key": key.private_bytes(*form).decode(),
               "token_uri": "http://127.0.0.1:1/stolen"}  # fmt: skip
    monkeypatch.setenv("API_SECRET", json.dumps(account))
    api.reply = tokens = Tokens(lives=9)
    write(project, "auth: {type: google, secret: API_SECRET, scope: read, token_url: /token}\npaginate: {type: page}")
    assert project.pull()["rows_landed"] == 5 and tokens.given == 1
    claims = jwt.decode(tokens.forms[0]["assertion"], key.public_key(), ["RS256"], audience=f"{api.url}/token")
    assert (claims["iss"], claims["scope"]) == ("robot@example.com", "read")
    monkeypatch.setenv("API_SECRET", "no json")
    assert "API_SECRET is not the JSON of a Google service account" in project.pull()["error"]


def test_the_secrets_of_headers_are_sent_and_told_nowhere(project, api, monkeypatch):
    for name, value in {"API_USER": "ann-the-user", "API_SECRET": "hush-hush", "API_KEY": "key-hush"}.items():
        monkeypatch.setenv(name, value)
    write(
        project, "auth: {type: basic, client: API_USER, secret: API_SECRET}\nsecret_headers: {developer-token: API_KEY}"
    )
    assert project.pull()["rows_landed"] == 5
    assert api.requests[-1].headers["authorization"] == "Basic YW5uLXRoZS11c2VyOmh1c2gtaHVzaA=="
    assert api.requests[-1].headers["developer-token"] == "key-hush"
    write(project, 'auth: {type: api_key, secret: API_SECRET, prefix: "Key "}')
    assert project.pull()["rows_unchanged"] == 5 and api.requests[-1].headers["authorization"] == "Key hush-hush"


@pytest.mark.parametrize("values", ["[REQUEST_LIMIT_EXCEEDED]", "[17, 613]"])
def test_a_limit_in_another_status_is_waited_out_and_any_other_error_is_not(project, api, monkeypatch, values):
    monkeypatch.setattr("connectors.kinds.http.ATTEMPTS", 2)
    code = json.loads(values.replace("REQUEST_LIMIT_EXCEEDED", '"REQUEST_LIMIT_EXCEEDED"'))[0]
    write(project, f'busy_when: [{{status: 403, at: "[0].code", values: {values}}}]')
    answers = [Answer(403, [{"code": code}])]
    api.reply = lambda request: answers.pop(0) if answers else Answer(200, {"data": RECORDS})
    assert project.pull()["rows_landed"] == 5 and len(api.requests) == 2
    answers += [Answer(403, [{"code": code}])] * 2
    entry = project.pull()
    assert entry["error_kind"] == "RetryableError" and "at its limit" in entry["error"]
    answers += [Answer(403, [{"code": "NO_ACCESS"}])]
    assert project.pull()["error_kind"] == "ConfigError" and not answers


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"cursor_param": "since"}, "need a cursor"), ({"body": {"a": 1}}, "method: POST"),
        ({"cursor": "seen_at", "cursor_param": "body.x"}, "body.x goes with method: POST"),
        ({"cursor": "seen_at", "cursor_param": "s", "cursor_value": "x"}, "holds no {since}"),
        ({"cursor": "seen_at", "path": "a/{since}"}, "needs since_first"),
        ({"cursor": "seen_at", "cursor_param": "s", "since_first": "long ago"}, "no ISO 8601"),
        ({"cursor": "seen_at", "cursor_param": "s", "deletes": "snapshot", "key": ["id"]}, "read whole"),
        ({"path": "a/{parent}"}, "needs for_each"), ({"for_each": {"table": "b", "column": "id"}}, "for_each wants"),
        ({"for_each": {"table": "lists", "column": "nr"}}, "lists has no column nr"),
        ({"auth": {"type": "oauth2", "secret": "S"}}, "needs token_url"),
        ({"auth": {"type": "bearer", "secret": "S", "user": "ann"}}, "user does not belong"),
        ({"auth": {"type": "oauth2", "secret": "S", "client": "C", "token_url": "/t", "grant": "refresh_token"}},
         "needs refresh"),
    ],
)  # fmt: skip
def test_what_a_source_file_cannot_mean_is_refused(more, word):
    table = {"kind": "http", "path": "p", "columns": {"id": "text", "seen_at": "timestamp"}}
    with pytest.raises(ValueError) as fault:
        Source.model_validate({"name": "a", "description": "A", "tables": {"lists": table, "people": table | more}})
    assert word in str(fault.value)


def test_the_example_of_the_page_is_a_source_file():
    text = (ROOT / "docs/reference/api_sources.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    Source.model_validate({"name": "list_tool", **yaml.safe_load(example)})
    keys = {*OWN_KEYS["http"], *Paginate.model_fields, *Auth.model_fields}
    assert keys <= {*re.findall(r"\w+", text)}


def test_all_variables_of_a_sign_in_are_its_secrets():
    auth = Auth(type="oauth2", token_url="/t", grant="refresh_token", client="C", secret="S", refresh="R")
    assert auth.variables == ["C", "S", "R"]
