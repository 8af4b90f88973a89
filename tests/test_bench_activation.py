"""The activation bench at a size where no figure means anything: it runs, and its receiver counts truly."""

import http.client
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import activation
from bench.peers import course, dlt, drt, environment, fairlead, fairlead_steps, process, report, smtp
from bench.peers.receiver import Tally
from core.settings import load_settings

ROWS = 300


def people(*numbers: int) -> list[dict[str, Any]]:
    return [{"key": f"person-{n:012}", "email": f"somebody{n}@example.com"} for n in numbers]


def as_changes(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"sync": "everybody__webhook", "changes": [{"op": "add", "key": r["key"], "fields": r} for r in rows]}


def step_here(project: fairlead.Project, *words: object) -> process.Ran:
    """As Project.step, in this process: a process of its own costs two seconds, and test_bench.py pays them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in project.environment().items():
            patch.setenv(name, value)
        said = fairlead_steps.STEPS[str(words[0])](load_settings(), *map(str, words[1:]))
    return process.Ran(1.0, 1.0, 100, 0, json.dumps(said))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fairlead.Project, "step", step_here)
        patch.setattr(smtp, "measure", lambda course: {"error": "left out"})
        return activation.measure(ROWS, [ROWS], tmp_path_factory.mktemp("peers"), skip=("drt", "dlt"))


def test_the_result_has_a_figure_for_each_question(found) -> None:
    ours = found["fairlead"]
    assert set(found) >= {
        "at",
        "machine",
        "rows",
        "receiver",
        "bound",
        "fairlead",
        "smtp",
        "drt",
        "drt_diff",
        "dlt",
        "ratios",
    }
    assert {shape: told["rows_per_second"] > 0 for shape, told in found["receiver"].items()} == {
        "flat": True,
        "changes": True,
    }
    assert ours["rows_per_second"] > 0 and ours["peak_mib"] > 20 and ours["sent"] == ROWS
    night = ours["sizes"][str(ROWS)]
    assert [night[n]["sent"] for n in ("push", "push_unchanged", "push_one_percent")] == [ROWS, 0, ROWS // 100]
    for name in ("diff_unchanged", "plan_unchanged"):
        assert night[name]["seconds"] > 0 < found["bound"][str(ROWS)]["seconds"]
        assert f"{name}_{ROWS}_by_bound" in found["ratios"]
    assert json.loads(json.dumps(found)) == found


def test_a_bad_row_costs_fairlead_one_row_a_run(found) -> None:
    for told in found["fairlead"]["poison"].values():
        assert (told["sent"][1:], told["bad_tried"][1:], told["people_there"]) == ([1, 1], [1, 1], 9_999)


def test_a_peer_that_is_skipped_says_so_and_has_no_ratio(found) -> None:
    assert [found[name] for name in ("drt", "drt_diff", "dlt")] == [{"skipped": True}] * 3
    assert not [name for name in found["ratios"] if "drt" in name or "dlt" in name]


def test_the_report_has_a_row_for_every_system(found) -> None:
    words = report.markdown(found)
    assert "| drt | skipped |" in words and "| Fairlead | left out |" in words
    assert f"| Fairlead, push one percent | {ROWS} |" in words and "| fairlead | whole batch refused | " in words


@pytest.mark.parametrize("peer", [drt, dlt])
def test_a_peer_that_cannot_be_installed_is_an_error_in_the_result(peer: Any, tmp_path: Path, monkeypatch) -> None:
    def fails(*_: Any) -> Path:
        raise process.Failed("pip install: code 1: no matching distribution")

    monkeypatch.setattr(peer, "environment", fails)
    told = activation._result_or_error(peer.measure, course.Course(tmp_path, tmp_path, ROWS, []))
    assert told == {"error": "Failed: pip install: code 1: no matching distribution"}


def test_pip_is_called_without_a_folder_of_ready_wheels_and_once(tmp_path: Path, monkeypatch) -> None:
    calls: list[tuple[list[str], Any]] = []

    def run(command: list[Any], env: Any = None) -> None:
        calls.append((list(map(str, command)), env))
        (tmp_path / "peer").mkdir(exist_ok=True)

    monkeypatch.setenv("PIP_FIND_LINKS", "somewhere")
    monkeypatch.setattr(environment, "run", run)
    for _ in range(2):
        assert environment.environment(tmp_path, "peer", ["peer==1"]) == tmp_path / "peer" / "bin"
    (_, _), (install, env) = calls
    assert install[-1] == "peer==1" and "PIP_FIND_LINKS" not in env and env["PATH"]


# -- the receiver ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "reply", "taken"),
    [
        (b"/", 200, {}, 3),
        (b"/verdicts", 200, ["accepted", "rejected", "accepted"], 2),
        (b"/errors", 422, {"errors": [None, "a bad row", None]}, 2),
        (b"/whole", 422, {"error": "a bad row"}, 0),
    ],
)
def test_a_bad_row_is_answered_as_the_path_says(path: bytes, status: int, reply: Any, taken: int) -> None:
    for content in (people(1, 2, 3), as_changes(people(1, 2, 3))):
        tally = Tally(frozenset(["person-000000000002"]))
        answered, words = tally.take(path, json.dumps(content).encode())
        said = json.loads(words)
        if path == b"/verdicts":
            assert [result["key"] for result in said["results"]] == [row["key"] for row in people(1, 2, 3)]
            said = [result["status"] for result in said["results"]]
        assert (answered, said) == (status, reply)
        assert (tally.rows, tally.taken, tally.bad) == (3, taken, 0 if path == b"/" else 1)


def test_a_person_who_is_sent_twice_is_there_once() -> None:
    tally = Tally(frozenset(["nobody"]))
    for numbers in ((1, 2), (2, 3)):
        tally.take(b"/whole", json.dumps(people(*numbers)).encode())
    counts = tally.counts()
    assert (counts["rows"], counts["taken"], counts["people"]) == (4, 4, 3)


@pytest.mark.parametrize("body", [b"{", b"7", b"[1, 2]", b""])
def test_a_body_that_holds_no_rows_is_refused_and_not_counted(body: bytes) -> None:
    tally = Tally()
    assert tally.take(b"/", body)[0] == 400
    assert (tally.requests, tally.rows) == (1, 0)


def test_the_receiver_answers_many_requests_on_one_connection_and_forgets_when_asked() -> None:
    with process.receiving() as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
        for _ in range(3):
            connection.request("POST", "/", json.dumps(people(*range(2_000))).encode())
            assert connection.getresponse().read() == b"{}"
        connection.close()
        assert (receiver.counts()["rows"], receiver.counts()["requests"]) == (6_000, 3)
        receiver.clear()
        assert receiver.counts()["rows"] == 0


def test_a_process_that_fails_is_told_by_its_code_and_last_words(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('it broke')")
    with pytest.raises(process.Failed, match="code 1: it broke"):
        process.run([sys.executable, tmp_path / "broken.py"])
    assert process.run([sys.executable, tmp_path / "broken.py"], fails=True).code == 1


def test_the_peak_is_the_senders_own_and_the_process_that_measures_stays_small(tmp_path: Path) -> None:
    """The kernel counts a child from its fork on: what measures would be the least that can be measured."""
    (tmp_path / "large.py").write_text("x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096])")
    (tmp_path / "small.py").write_text("pass")
    words = (
        "from bench import activation; from bench.peers.process import run; import sys; "
        "print(*(run([sys.executable, p]).peak_mib for p in sys.argv[1:]))"
    )
    ran = process.run([sys.executable, "-c", words, tmp_path / "small.py", tmp_path / "large.py"])
    small, large = map(int, ran.output.split())
    assert small < 40 and 200 < large < 260
