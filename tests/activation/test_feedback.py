"""What a vendor says of an audience is kept beside the runs, and never holds a push up."""

import duckdb
import pytest

NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), float(i)) for i, p in enumerate("abc")}
REPORT = """
    def report(self):
        state = json.loads(self.path.read_text())
        {more}
        return {{"size_low": len(state["people"]), "match_rate_low": 0.5}}

    def quota(self):
"""


def reporting(dummy, helpers, more="pass"):
    text = helpers.DUMMY.replace("    def quota(self):\n", REPORT.format(more=more).lstrip("\n"))
    (dummy.settings.root / "activation/channels/dummy.py").write_text(text)
    dummy.build(PEOPLE)


def test_the_vendors_figures_stand_beside_the_run(dummy, helpers):
    reporting(dummy, helpers)
    run_id = dummy.push()["syncs"][0]["run_id"]
    told = dummy.query("select run_id, sync, figure, value from activation.feedback order by figure")
    assert told == [
        {"run_id": run_id, "sync": NAME, "figure": "match_rate_low", "value": 0.5},
        {"run_id": run_id, "sync": NAME, "figure": "size_low", "value": 3.0},
    ]
    dummy.push()
    assert len(dummy.query("select * from activation.feedback")) == 4, "a history, night by night"


@pytest.mark.parametrize("fault", ["raise KeyError('a@example.com')", "raise NotSent('later', 0.0)"])
def test_a_vendor_that_gives_no_figures_fails_nothing(dummy, helpers, fault, caplog):
    reporting(dummy, helpers, fault)
    assert dummy.push()["syncs"][0]["outcome"] == "done"
    assert dummy.query("select * from activation.feedback") == []
    assert f"FL310 {NAME}" in caplog.text and "example.com" not in caplog.text


def test_no_figures_are_asked_of_a_vendor_that_is_down(dummy, helpers, caplog):
    reporting(dummy, helpers, "raise KeyError")
    helpers.script(dummy, "fatal")
    assert dummy.push()["syncs"][0]["error"].startswith("FL112 no access")
    assert "FL310" not in caplog.text


def test_figures_that_cannot_be_written_fail_nothing(dummy, helpers, monkeypatch, caplog):
    def full(*_):
        raise duckdb.IOException("no space left for a@example.com")

    reporting(dummy, helpers)
    monkeypatch.setattr("activation.ledger.runs.keep_feedback", full)
    assert dummy.push()["syncs"][0]["outcome"] == "done"
    assert f"FL310 {NAME}" in caplog.text and "example.com" not in caplog.text
