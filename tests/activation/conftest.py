"""A small project with marts of its own, and a receiver of webhooks on a real socket."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from activation import jobs
from activation.delivery.route import PushRequest, Wish
from activation.delivery.send import Retry
from activation.sync import load_syncs
from core.settings import Settings, load_settings
from core.warehouse import connect

DAY = date(2026, 1, 15)
PLAIN_WISH = Wish()
SECRET = "a-test-secret"
SYNC = """\
description: For the tests
segment: loyal
channel: {channel}
contact_channel: email
purpose: marketing
mode: {mode}
fields: {{email: email, first_name: first_name, value: value_180d}}
max_change_share: {share}
options: {options}
"""


@dataclass
class Project:
    """Marts built by hand: people are {person_id: (email, first_name, value)}; excluded are {person_id: reason}."""

    settings: Settings
    day: date = DAY
    waits: list[float] = field(default_factory=list)
    known: set[str] = field(default_factory=set)  # everybody that any day had

    def write_sync(
        self, channel: str, mode: str = "mirror", share: float = 1.0, options: str = "{}", name: str = ""
    ) -> str:
        name = name or f"loyal__{channel}"
        text = SYNC.format(channel=channel, mode=mode, share=share, options=options)
        (self.settings.root / "activation" / "syncs" / f"{name}.yml").write_text(text)
        return name

    def build(
        self, people: dict[str, tuple[Any, Any, Any]], excluded: dict[str, str] | None = None,
        withdrawn: set[str] = frozenset(), day: date | None = None, profiles: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """What dbt would have built for `day`: everybody in every sync's segment; feeds: activation_feeds.Feed."""
        excluded, day = excluded or {}, day or self.day
        everybody = {**(profiles or {}), **people}
        jobs.register(self.settings)
        syncs = load_syncs(self.settings)
        table = pa.table({
            "person_id": pa.array(list(everybody), pa.string()),
            "email": pa.array([p[0] for p in everybody.values()], pa.string()),
            "first_name": pa.array([p[1] for p in everybody.values()], pa.string()),
            "value_180d": pa.array([p[2] for p in everybody.values()], pa.float64()),
        })  # fmt: skip
        rows = [
            (s, p, p not in excluded, excluded.get(p, "included"))
            for s, sync in syncs.items()
            if sync.segment
            for p in people
        ]
        with connect(self.settings, writer="marts") as db:
            db.load("marts.profiles", table, mode="replace")
            db.load("marts.audiences", pa.table({
                "sync": pa.array([r[0] for r in rows], pa.string()),
                "person_id": pa.array([r[1] for r in rows], pa.string()),
                "included": pa.array([r[2] for r in rows], pa.bool_()),
                "reason": pa.array([r[3] for r in rows], pa.string()),
            }), mode="replace")  # fmt: skip
            db.load("marts.audience_sizes", pa.table({
                "sync": pa.array(list(syncs), pa.string()), "as_of_day": pa.array([day] * len(syncs), pa.date32()),
                "audience_hash": pa.array([s.audience_hash for s in syncs.values()], pa.string()),
            }), mode="replace")  # fmt: skip
        self.withdraw(withdrawn)
        self.known |= set(everybody)
        self.consent(self.known)
        with connect(self.settings) as db:
            has_addresses = db.exists("marts.address_withdrawals")
        if not has_addresses:
            self.stop_addresses()

    def consent(self, people: set[str], silent: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        """As marts.contactability has them: these may be sent mail, and the silent have never said so."""
        rows = [(p, True, "allowed") for p in sorted(people - silent)] + [
            (p, False, "no_consent") for p in sorted(silent)
        ]
        with connect(self.settings, writer="marts") as db:
            db.load("marts.contactability", pa.table({
                "person_id": pa.array([r[0] for r in rows], pa.string()),
                "channel": pa.array(["email"] * len(rows), pa.string()),
                "purpose": pa.array(["marketing"] * len(rows), pa.string()),
                "allowed": pa.array([r[1] for r in rows], pa.bool_()),
                "reason": pa.array([r[2] for r in rows], pa.string()),
            }), mode="replace")  # fmt: skip

    def withdraw(self, people: set[str]) -> None:
        with connect(self.settings, writer="marts") as db:
            db.load("marts.consent_withdrawals", pa.table({
                "person_id": pa.array(sorted(people), pa.string()),
                "channel": pa.array(["email"] * len(people), pa.string()),
                "purpose": pa.array(["marketing"] * len(people), pa.string()),
            }), mode="replace")  # fmt: skip

    def stop_addresses(self, *identifiers: str) -> None:
        """As marts.address_withdrawals has them: these have said no to mail, whoever holds them."""
        with connect(self.settings, writer="marts") as db:
            db.load("marts.address_withdrawals", pa.table({
                "identifier": pa.array(identifiers, pa.string()),
                "channel": pa.array(["email"] * len(identifiers), pa.string()),
                "purpose": pa.array(["marketing"] * len(identifiers), pa.string()),
            }), mode="replace")  # fmt: skip

    def plan(self, *syncs: str, day: date | None = None) -> dict[str, Any]:
        return jobs.plan(self.settings, day or self.day, list(syncs))

    def push(
        self,
        *syncs: str,
        day: date | None = None,
        overrides: dict[str, str] | None = None,
        attempts: int = 4,
        wish: Wish = PLAIN_WISH,
        **more: Any,
    ) -> dict[str, Any]:
        retry = Retry(attempts=attempts, first_wait_seconds=0.001, longest_wait_seconds=0.01, sleep=self.waits.append)
        wish = replace(wish, overrides=overrides or {})
        return jobs.push(self.settings, day or self.day, PushRequest(syncs, wish, retry, **more))

    def ledger(self, sync: str) -> dict[str, dict[str, Any]]:
        with connect(self.settings) as db:
            rows = db.query("select * from activation.delivered where sync = $1", [sync]).to_pylist()
        assert len(rows) == len({r["record_key"] for r in rows}), "the ledger's grain is (sync, record_key)"
        return {r["record_key"]: r for r in rows}

    def addresses_in_doubt(self) -> dict[str, list[str]]:
        """record_key -> the addresses under which it may be there, in their turn."""
        rows = self.query("select record_key, address from activation.addresses_in_doubt order by sync, place")
        return {key: [r["address"] for r in rows if r["record_key"] == key] for key in {r["record_key"] for r in rows}}

    def query(self, sql: str) -> list[dict[str, Any]]:
        with connect(self.settings) as db:
            return db.query(sql).to_pylist()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "project"
    for folder in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
        (root / folder).mkdir(parents=True)
    (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select person_id from x")
    monkeypatch.setenv("FAIRLEAD_TEST_SECRET", SECRET)
    return Project(load_settings(root=root, home=tmp_path / "home", warehouse={"threads": 1}))


Answer = tuple[int, dict[str, str], bytes]
Act = Callable[["Receiver", dict[str, Any]], Answer | None]


@dataclass
class Receiver:
    """Somebody else's audience, kept as a receiver would: upsert and remove by key; shares no code with the channel."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    script: list[Act] = field(default_factory=list)  # one for each coming request; then everything is accepted
    poison: set[str] = field(default_factory=set)  # keys that are refused, row by row
    url: str = ""

    def act(self, changes: list[dict[str, Any]]) -> Answer:
        results = []
        for change in changes:
            if change["key"] in self.poison:
                results.append(
                    {"key": change["key"], "status": "rejected", "error": f"cannot use {change.get('fields')}"}
                )
                continue
            if change["op"] == "remove":
                self.people.pop(change["key"], None)
            else:
                self.people[change["key"]] = change["fields"]
            results.append({"key": change["key"], "status": "accepted"})
        return 200, {"Content-Type": "application/json"}, json.dumps({"results": results}).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stamp, _, mac = self.headers["Fairlead-Signature"].partition(",")
            expected = hmac.new(
                SECRET.encode(), f"{stamp.removeprefix('t=')}.".encode() + body, hashlib.sha256
            ).hexdigest()
            content = json.loads(body)
            state.requests.append(
                {**content, "signed": mac == f"v1={expected}", "idempotency_key": self.headers["Idempotency-Key"]}
            )
            answer = state.script.pop(0)(state, content) if state.script else state.act(content["changes"])
            if answer is None:  # the line is cut before an answer
                self.close_connection = True
                return
            status, headers, reply = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(reply)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)
            if int(headers.get("Content-Length", len(reply))) != len(reply):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/hook?token=in-the-url"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def hooked(project: Project, receiver: Receiver) -> Project:
    """The project with one sync to the receiver, two rows a batch."""
    channels = {"webhook": {"url": receiver.url, "secret_env": "FAIRLEAD_TEST_SECRET"}}
    project.settings = load_settings(root=project.settings.root, home=project.settings.home, channels=channels)
    project.write_sync("webhook", options="{batch_size: 2, timeout_seconds: 1}")
    return project


# A channel that fails on purpose and remembers on disk what it was told. Its script is a list of words, one a call;
# what a word means stands below. `kill` words end the process as kill -9 would.
DUMMY = """
import json, os, signal
from pathlib import Path
import pyarrow as pa
from activation.channel import BatchRejected, Health, Limits, MaybeSent, NotSent, Results
from activation.channel import AUDIENCE_MODES, About
from core.errors import FatalError
from core.specs import Spec

ABOUT = About("Dummy", modes=AUDIENCE_MODES | {"append"})


class Options(Spec):
    rule: str = "idempotent"
    batch_size: int = 3
    poison: list[str] = []


def open_channel(settings, options):
    settings.home.mkdir(parents=True, exist_ok=True)
    return Dummy(settings.home / "dummy.json", options)


class Dummy:
    not_configured = ""

    def __init__(self, path, options):
        self.path, self.options, self.in_doubt = path, options, options.rule
        self.limits = Limits(options.batch_size)

    def push(self, batch):
        state = json.loads(self.path.read_text()) if self.path.exists() else {"people": {}, "sent": [], "script": []}
        word = state["script"].pop(0) if state["script"] else "ok"
        if word.endswith("acts") or word == "ok":
            for key, op, fields in zip(batch.keys.to_pylist(), batch.ops.to_pylist(), batch.fields.to_pylist()):
                if key in self.options.poison:
                    continue
                state["sent"].append(key)
                state["people"].pop(key, None) if op == "remove" else state["people"].update({key: fields})
        self.path.write_text(json.dumps(state))
        if word.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if word.startswith("maybe"):
            raise MaybeSent("no answer")
        if word == "later":
            raise NotSent("later", 0.0)
        if word == "fatal":
            raise FatalError("no access")
        if word == "bug":
            raise KeyError("a@example.com")
        if word == "refuse":
            raise BatchRejected("bad content")
        if word == "short acts":
            return Results.accepted(len(batch) - 1)
        bad = pa.array([k in self.options.poison for k in batch.keys.to_pylist()], pa.bool_())
        return Results.rejecting(bad, "poison")

    def quota(self):
        return None

    def erase(self, batch):
        return self.push(batch)

    def check(self):
        return Health(True, "")

    def close(self):
        pass
"""


@pytest.fixture
def dummy(project: Project) -> Project:
    (project.settings.root / "activation" / "channels" / "dummy.py").write_text(DUMMY)
    project.write_sync("dummy")
    return project


def told(project: Project) -> dict[str, Any]:
    path = project.settings.home / "dummy.json"
    return json.loads(path.read_text()) if path.exists() else {"people": {}, "sent": [], "script": []}


def script(project: Project, *words: str) -> None:
    project.settings.home.mkdir(parents=True, exist_ok=True)
    (project.settings.home / "dummy.json").write_text(json.dumps({**told(project), "script": list(words)}))


@pytest.fixture
def helpers() -> Any:
    """This file's functions, for tests: test files cannot import it."""
    from types import SimpleNamespace

    return SimpleNamespace(told=told, script=script, DUMMY=DUMMY, Project=Project, here=Path(__file__))
