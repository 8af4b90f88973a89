"""The conformance suite: every channel of the folder against its vendor's fake, or a real server.

What the loop in delivery/windows.py relies on, whoever wrote the file. The fakes stand in
tests/support/fakes/<channel>.py.
"""

import contextlib
import importlib
import logging
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from support.fakes.server import FAULTS, Fake

from activation.catalogue import channel_paths, find_channels
from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, ChangeBatch, HoldsMark, LooksUp, Submitted
from activation.delivery import usual
from activation.delivery.pace import Pace
from activation.delivery.results import Delivery
from activation.delivery.send import Retry, deliver, part
from core.errors import ConfigError
from core.settings import load_settings

ROOT = load_settings().root
FOLDER = ROOT / "activation" / "channels"
FAKES = {p.stem for p in (ROOT / "tests/support/fakes").glob("*.py")} - {"server", "keys"}
CHANNELS = sorted(FAKES & set(channel_paths([FOLDER])))  # that none is missing the last test says
FILES = find_channels([FOLDER])
VENDORS = {name: importlib.import_module(f"support.fakes.{name}").Vendor for name in CHANNELS}
MESSAGES = [name for name, vendor in VENDORS.items() if vendor.message]
AUDIENCES = [name for name, vendor in VENDORS.items() if not vendor.message and vendor.removes]
REMOVING = [name for name, vendor in VENDORS.items() if vendor.removes]
READABLE = [name for name in AUDIENCES if VENDORS[name].values is not Fake.values]
EXPIRING = [name for name, vendor in VENDORS.items() if vendor.expire is not Fake.expire]
KEYED = [name for name, vendor in VENDORS.items() if vendor.environment]
BROKEN = [(name, fault) for name, vendor in VENDORS.items() for fault in vendor.faults]
DAY = date(2026, 1, 15)
# Numbers that were set aside for fiction (Ofcom, "Telephone numbers for drama purposes").
COLUMNS = {
    "email": lambda i: f"person{i}@example.com",
    "first_name": lambda i: f"Émilie{i}",
    "last_name": lambda i: f"Doe{i}",
    "phone": lambda i: f"+4477009{i:05d}",
    "country": lambda i: "GB",
    "value": lambda i: float(i) + 0.5,
    "external_id": lambda i: f"p{i}",
    "occurred_at": lambda i: "2026-01-14T10:00:00Z",
}


def emails(*numbers):
    return {COLUMNS["email"](i) for i in numbers}


def batch(vendor, people=range(4), op="add", key="run1", changed=None, **more):
    """People by number, with the fields of the fake; `changed` replaces a column: {column: value of number}."""
    columns = {**COLUMNS, **(changed or {})}
    people = list(people)
    values = {name: [columns[column](i) for i in people] for name, column in vendor.fields.items()}
    kinds = {name: pa.float64() if column == "value" else pa.string() for name, column in vendor.fields.items()}
    return ChangeBatch(
        sync=f"loyal__{vendor.channel}", day=DAY, run_id="run",
        idempotency_key=f"loyal__{vendor.channel}.2026-01-15.{key}",
        keys=pa.array([f"p{i}" for i in people], pa.string()), ops=pa.array([op] * len(people), pa.string()),
        fields=pa.table({n: pa.array(v, kinds[n]) for n, v in values.items()}), **more,
    )  # fmt: skip


class Open:
    """A channel open to its fake, and the loop around it."""

    def __init__(self, fake, channel):
        self.fake, self.channel, self.waits = fake, channel, []

    def deliver(self, changes, attempts=4):
        """The loop's verdicts: (statuses, errors) after retries, splits and jobs."""
        retry = Retry(attempts=attempts, first_wait_seconds=0.001, longest_wait_seconds=0.01, sleep=self.waits.append)
        statuses, errors, stop = [], [], ""
        for piece in self.pieces(changes):
            done = Delivery.all(len(piece), "not_sent", str(stop), False)
            if not stop:
                done = deliver(self.channel, piece, retry, Pace(None, sleep=self.waits.append))
            statuses, errors, stop = (
                statuses + done.statuses.to_pylist(),
                errors + done.errors.to_pylist(),
                stop or done.stop,
            )
        return statuses, errors

    def pieces(self, changes):
        size = self.channel.limits.batch_size
        return [part(changes, at, min(size, len(changes) - at)) for at in range(0, len(changes), size)]

    def settle(self, changes):
        """One push without the loop, its job waited for."""
        return [status for piece in self.pieces(changes) for status in self._settled(piece)]

    def _settled(self, changes):
        said = self.channel.push(changes)
        tries = 0
        while isinstance(said, Submitted):
            tries += 1
            assert tries < 50, "the job never ends"
            said = self.channel.collect(said.job, changes.keys) or said
        return said.statuses.to_pylist()


@pytest.fixture
def opened(request, tmp_path, monkeypatch, descriptions):
    """For a test that is parametrised with `name`: the channel, configured for its fake and open."""
    name = request.getfixturevalue("name")
    fake = VENDORS[name]()
    with contextlib.ExitStack() as stack:
        stack.enter_context(fake.running(tmp_path / "vendor", descriptions))
        for variable, value in fake.environment.items():
            monkeypatch.setenv(variable, value)
        channel = open_channel(name, fake, tmp_path)
        stack.callback(usual.close, channel)
        yield Open(fake, channel)
    assert not fake.violations, "\n".join(fake.violations[:5])


def open_channel(name, fake, folder):
    settings = load_settings(home=folder / "home", channels={name: fake.section()})
    return FILES[name].open_channel(settings, FILES[name].Options(**fake.options))


@pytest.fixture(scope="session")
def descriptions():
    """The check of a request by its vendor's own description; None where ../shared is absent."""
    from support.descriptions.check import check

    return check


each = pytest.mark.parametrize("name", CHANNELS)


@each
def test_it_has_a_page_of_set_up_and_says_what_a_sync_may_ask(name):
    page = FOLDER.parents[1] / "docs" / "channels" / f"{name}.md"
    about, options = FILES[name].ABOUT, FILES[name].Options
    assert page.is_file() and all(f"`{option}`" in page.read_text() for option in options.model_fields)
    if about.fields is not None:
        assert set(VENDORS[name].fields) <= set(about.fields) >= set(about.identifiers)


@each
def test_it_declares_its_limits_and_its_rule_and_answers_the_doctor(name, opened):
    limits = opened.channel.limits
    assert limits.batch_size >= 1 and limits.concurrency >= 1
    assert opened.channel.in_doubt == ("message" if opened.fake.message else "idempotent")
    assert usual.missing(opened.channel) == ""
    health = opened.channel.check()
    assert health.ok, health.detail
    assert not opened.fake.audience(), "a health check changes nothing"


@pytest.mark.parametrize("name", KEYED)
def test_without_its_secret_it_is_off_and_says_which_variable_to_set(name, tmp_path):
    fake = VENDORS[name]()
    fake.url = "http://127.0.0.1:9"
    try:
        said = usual.missing(open_channel(name, fake, tmp_path))
    except ConfigError as error:
        said = str(error)
    assert any(variable in said for variable in fake.environment)


@pytest.mark.parametrize("name", KEYED)
def test_a_wrong_secret_ends_the_sync_and_nothing_is_sent(name, opened, monkeypatch, tmp_path):
    for variable in opened.fake.environment:
        monkeypatch.setenv(variable, wrong(opened.fake.environment[variable]))
    other = open_channel(name, opened.fake, tmp_path)
    assert not other.check().ok
    statuses, errors = Open(opened.fake, other).deliver(batch(opened.fake))
    assert set(statuses) == {"not_sent"} and not opened.fake.audience()
    assert all(secret not in str(errors) + repr(other) for secret in opened.fake.environment.values())
    usual.close(other)


def wrong(secret):
    """A secret of the same form that is not the right one (a private key stays readable as one)."""
    if "PRIVATE KEY" in secret:
        from support.fakes.keys import other_key

        return other_key(secret)
    return secret[:-1] + ("0" if secret[-1] != "0" else "1")


@each
def test_everybody_added_is_there_once_with_the_values_that_were_sent(name, opened):
    changes = batch(opened.fake)
    assert opened.settle(changes) == [ACCEPTED] * 4
    assert opened.fake.audience() == emails(0, 1, 2, 3)
    held = opened.fake.values(COLUMNS["email"](2))
    for field, column in opened.fake.fields.items():
        if field in held:
            assert held[field] == COLUMNS[column](2), field


@pytest.mark.parametrize("name", AUDIENCES)
def test_the_same_batch_again_changes_nothing(name, opened):
    for _ in range(2):
        assert opened.deliver(batch(opened.fake))[0] == [ACCEPTED] * 4
    assert opened.fake.audience() == emails(0, 1, 2, 3)


@pytest.mark.parametrize("name", AUDIENCES)
def test_who_is_changed_is_changed_and_who_leaves_is_taken_out(name, opened):
    fake = opened.fake
    opened.deliver(batch(fake))
    opened.deliver(batch(fake, [1], "update", "run2", {"first_name": lambda i: "Zoë"}, before=batch(fake, [1]).fields))
    for field, column in fake.fields.items():
        held = fake.values(COLUMNS["email"](1))
        if column == "first_name" and field in held:
            assert held[field] == "Zoë"
    left = batch(fake, [0, 3], "remove", "run3")
    assert opened.deliver(replace(left, before=left.fields))[0] == [ACCEPTED] * 2
    assert fake.audience() == emails(1, 2)


@pytest.mark.parametrize("name", AUDIENCES)
def test_taking_out_somebody_who_is_not_there_is_done_already(name, opened):
    gone = batch(opened.fake, [7], "remove")
    assert opened.deliver(replace(gone, before=gone.fields))[0] == [ACCEPTED]
    assert not opened.fake.audience()


@pytest.mark.parametrize("name", [n for n in AUDIENCES if "email" in VENDORS[n].fields.values()])
def test_a_new_address_leaves_nobody_under_the_old_one(name, opened):
    fake = opened.fake
    opened.deliver(batch(fake))
    old = batch(fake, [1]).fields
    moved = batch(fake, [1], "update", "run2", {"email": lambda i: "moved@example.com"}, before=old)
    assert opened.deliver(moved)[0] == [ACCEPTED]
    assert fake.audience() == emails(0, 2, 3) | {"moved@example.com"}


@pytest.mark.parametrize("name", [n for n in CHANNELS if VENDORS[n].per_row_poison])
def test_one_bad_row_costs_one_row_and_says_why(name, opened):
    opened.fake.poison = emails(2)
    statuses, errors = opened.deliver(batch(opened.fake))
    assert statuses == [ACCEPTED, ACCEPTED, REJECTED, ACCEPTED] and errors[2]
    assert opened.fake.audience() == emails(0, 1, 3)


@pytest.mark.parametrize("name", [n for n in CHANNELS if VENDORS[n].per_row_poison])
def test_half_a_batch_failing_is_told_row_by_row(name, opened):
    opened.fake.poison = emails(0, 2, 4, 6)
    statuses, _ = opened.deliver(batch(opened.fake, range(8)))
    assert statuses == [REJECTED, ACCEPTED] * 4
    assert opened.fake.audience() == emails(1, 3, 5, 7)


@pytest.mark.parametrize(("name", "fault"), BROKEN)
def test_whatever_goes_wrong_on_the_way_nobody_is_lost_and_no_message_is_sent_twice(name, fault, opened):
    opened.fake.script = [fault]
    statuses, _ = opened.deliver(batch(opened.fake))
    if opened.fake.message and "acts" in fault:
        assert IN_DOUBT in statuses and {*statuses} <= {ACCEPTED, IN_DOUBT, "not_sent"}
    elif opened.fake.message and fault == "500":
        assert {*statuses} <= {ACCEPTED, IN_DOUBT, "not_sent"}  # nobody can tell it from one that acted
    else:
        assert statuses == [ACCEPTED] * 4
        assert opened.fake.audience() == emails(0, 1, 2, 3)
    if opened.fake.message:
        assert all(opened.fake.received(address) <= 1 for address in emails(0, 1, 2, 3))
    if "retry-after" in fault:
        assert 1.0 in opened.waits
    assert fault in FAULTS


@pytest.mark.parametrize("name", EXPIRING)
def test_a_token_that_ends_in_mid_run_is_renewed(name, opened):
    opened.deliver(batch(opened.fake, [0]))
    opened.fake.expire()
    assert opened.deliver(batch(opened.fake, [1], key="run2"))[0] == [ACCEPTED]
    assert opened.fake.audience() == emails(0, 1)


@pytest.mark.parametrize("name", READABLE)
def test_null_clears_a_value_or_leaves_it_as_the_policy_says(name, opened):
    fake = opened.fake
    named = [f for f, column in fake.fields.items() if column == "first_name"]
    silent = {"changed": {"first_name": lambda i: None}}
    opened.deliver(batch(fake))
    opened.deliver(batch(fake, [1], "update", "run2", policies=dict.fromkeys(named, "never_null"), **silent))
    held = fake.values(COLUMNS["email"](1))
    assert all(held.get(f) == COLUMNS["first_name"](1) for f in named if f in held)
    assert opened.deliver(batch(fake, [1], "update", "run3", **silent))[0] == [ACCEPTED]
    assert all(fake.values(COLUMNS["email"](1)).get(f) in (None, "") for f in named)


NASTY = [
    'line\nbreak "quoted", comma',
    "=1+1",
    "<b>&amp;</b>",
    "😀 ½ ﬁ",
    " ",
    "' or 1=1 --",
    "{{first_name}}",
    "a" * 200,
]


@pytest.mark.parametrize("name", AUDIENCES)
def test_it_takes_any_text_without_losing_a_row(name, opened):
    statuses, _ = opened.deliver(batch(opened.fake, range(8), changed={"first_name": lambda i: NASTY[i]}))
    assert ACCEPTED in statuses and {*statuses} <= {ACCEPTED, REJECTED}
    assert opened.fake.audience() == {
        a for a, s in zip(map(COLUMNS["email"], range(8)), statuses, strict=True) if s == ACCEPTED
    }


@pytest.mark.parametrize("name", AUDIENCES)
def test_whom_the_vendor_must_forget_is_gone(name, opened):
    opened.deliver(batch(opened.fake))
    forgotten = batch(opened.fake, [1, 2], "remove", "run2")
    said = opened.channel.erase(replace(forgotten, before=forgotten.fields))
    assert said.statuses.to_pylist() == [ACCEPTED] * 2
    assert opened.fake.audience() == emails(0, 3)


@each
def test_a_whole_batch_of_the_declared_size_is_taken(name, opened):
    size = min(opened.channel.limits.batch_size, 2500)
    assert set(opened.settle(batch(opened.fake, range(size)))) == {ACCEPTED}
    assert len(opened.fake.audience()) == size


@each
def test_nothing_personal_stands_in_logs_errors_or_repr(name, opened, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    opened.fake.poison = emails(1)
    opened.fake.script = [f for f in opened.fake.faults if f in ("429", "500 acts")][:1]
    opened.deliver(batch(opened.fake))
    told = caplog.text + repr(opened.channel) + "".join(capfd.readouterr())
    for secret in (*emails(0, 1, 2, 3), "Émilie", *opened.fake.environment.values()):
        assert secret not in told


@each
def test_what_it_knows_of_a_batch_it_never_saw_is_not_that_it_arrived(name, opened):
    asked = isinstance(opened.channel, LooksUp) and opened.channel.look_up("loyal__x.2026-01-15.never")
    assert asked in (None, False)


@each
def test_a_mark_is_read_as_it_was_last_written_and_is_its_own_syncs(name, opened):
    channel = opened.channel
    if not isinstance(channel, HoldsMark):
        return
    assert channel.read_mark("loyal__x") is None
    opened.settle(batch(opened.fake, range(2)))
    for text in ('{"run_id": "one"}\n', '{"run_id": "two", "people": 2}\n'):
        channel.write_mark("loyal__x", text)
        assert (channel.read_mark("loyal__x"), channel.read_mark("loyal__y")) == (text.encode(), None)
    assert opened.fake.audience() == emails(0, 1), "a mark is nothing that a reader takes for a person"


def test_every_channel_has_a_fake_and_every_fake_a_channel():
    assert set(channel_paths([FOLDER])) == FAKES
