"""Fairlead, as its users run it: a project folder, a sync of everybody to the webhook, signed, with its ledger and
consents.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.course import BAD_KEY, POISONED, Course, best, measured, poison
from bench.peers.process import Ran, Receiver, receiving, run

SWEEP = (1_000, 5_000, 10_000)  # rows a request; 1,000 is what a sync has that says nothing
SECRETS = ("FAIRLEAD_BENCH_SECRET", "FAIRLEAD_SMTP_UNSUBSCRIBE_KEY")  # environment variables
POISON = {"row named": "/verdicts", "whole batch refused": "/whole"}
WEBHOOK = {
    "description": "A measurement", "mode": "mirror", "max_change_share": 1,
    "fields": {name: name for name in ("email", "first_name", "last_name", "value")},
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """The few files of a project that a push reads. JSON is YAML, too."""

    folder: Path

    def write(self, channel: str, toml: str, sync: Mapping[str, Any]) -> None:
        segments = self.folder / "dbt_project/models/marts/segments"
        for place in (segments, self.folder / "activation/syncs"):
            place.mkdir(parents=True, exist_ok=True)
        (segments / "segment__everybody.sql").write_text("select person_id from profiles")
        (self.folder / "fairlead.toml").write_text(toml)
        whole = {"segment": "everybody", "channel": channel, "contact_channel": "email", **sync}
        (self.folder / f"activation/syncs/everybody__{channel}.yml").write_text(json.dumps(whole, indent=1))

    def build(self, course: Course, rows: int) -> "Project":
        """The tables that dbt would have built; nothing is delivered yet."""
        people = course.people(rows, self.folder / "people.duckdb")
        self.step("build", people)
        people.unlink()
        return self

    def environment(self) -> dict[str, str]:
        # a package that is installed is compiled once, as the peers are; a variable of ours must not keep us from it
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {
            **inherited, "FAIRLEAD_ROOT": str(self.folder), "FAIRLEAD_HOME": str(self.folder / "home"),
            **dict.fromkeys(SECRETS, "signs nothing that matters"),
        }  # fmt: skip

    def step(self, *words: object) -> Ran:
        return run([sys.executable, "-m", "bench.peers.fairlead_steps", *map(str, words)], env=self.environment())


def measure(course: Course) -> dict[str, Any]:
    with receiving() as receiver:
        sweep = [_first_push(course, receiver, course.sweep_rows, batch) for batch in course.sweep(SWEEP)]
        batch = best(sweep)["rows_per_request"]
        verdicts = _first_push(course, receiver, course.rows, batch, "/verdicts")
        sizes = {str(n): _nights(course, receiver, n, batch) for n in sorted({course.rows, *course.diff_rows})}
    ways = {way: _poison(course, path) for way, path in POISON.items()}
    pushed = sizes[str(course.rows)]["push"]
    return {**pushed, "sweep": sweep, "with_verdicts": verdicts, "sizes": sizes, "poison": ways}


def _first_push(course: Course, receiver: Receiver, rows: int, batch: int, path: str = "/") -> dict[str, Any]:
    return _pushed(_project(course, rows, receiver.url(path), batch), receiver, rows, batch)


def _nights(course: Course, receiver: Receiver, rows: int, batch: int) -> dict[str, Any]:
    """The first push, then nights on which nothing has changed, and one on which one person in a hundred has."""
    project = _project(course, rows, receiver.url(), batch)
    pushed = _pushed(project, receiver, rows, batch)
    compared, planned = project.step("diff"), project.step("plan")
    counted = planned.json()
    assert compared.json()["changed"] == 0, "the comparison of an unchanged night finds nobody"
    assert (counted["unchanged"], counted["updates"]) == (rows, 0), "the plan of an unchanged night is empty"
    quiet = {
        f"{name}_unchanged": {"seconds": round(ran.json()["seconds"], 3), "peak_mib": ran.peak_mib}
        for name, ran in (("diff", compared), ("plan", planned))
    }
    unchanged = _pushed(project, receiver, 0, batch)
    project.step("change")
    one_percent = _pushed(project, receiver, len(range(0, rows, 100)), batch)
    return {"push": pushed, **quiet, "push_unchanged": unchanged, "push_one_percent": one_percent}


def _project(course: Course, rows: int, url: str, batch: int, name: str = "fairlead") -> Project:
    project = Project(course.empty(name))
    toml = f'[channels.webhook]\nurl = "{url}"\nsecret_env = "{SECRETS[0]}"\n'
    project.write("webhook", toml, {**WEBHOOK, "options": {"batch_size": batch}})
    return project.build(course, rows)


def _pushed(project: Project, receiver: Receiver, rows: int, batch: int) -> dict[str, Any]:
    ran: list[Ran] = []

    def push() -> Ran:
        ran.append(project.step("push"))
        return ran[0]

    figures = measured(receiver, push, rows)
    output = ran[0].json()
    assert (output["outcome"], output["accepted"]) == ("done", rows), f"{output['outcome']}: {output['error']}"
    return {"rows_per_request": batch, "rows": rows, **figures, "seconds_of_the_call": round(output["seconds"], 2)}


def _poison(course: Course, path: str) -> dict[str, Any]:
    with receiving(BAD_KEY) as receiver:
        project = _project(course, POISONED, receiver.url(path), 1_000, "fairlead-poison")
        return poison(receiver, lambda: project.step("push"))
