"""Thirty faults, each in one line of a room, and the tests that must find it. `python tests/support/planted_faults.py`
plants them one at a time in a copy of the project and says which are not found; numbers after it choose some.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "target", "logs")


class Fault(NamedTuple):
    path: str
    sound: str  # stands in the file once
    broken: str
    tests: str  # what pytest is given


FAULTS = (
    # activation: what is wanted, what asks first, what goes out
    Fault(
        "activation/planning/diff.py",
        "is_stopped and not coalesce({replaced}, false) as must_go",
        "1 = 0 as must_go",
        "tests/activation/test_stopped_addresses.py",
    ),
    Fault(
        "activation/planning/diff.py",
        "\"when is_wanted and there <> payload_hash then 'update'\"",
        "\"when 1 = 0 then 'update'\"",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/planning/diff.py",
        "or k.reason = 'no_consent')",
        "or k.reason = 'nothing')",
        "tests/activation/test_left_without_consent.py",
    ),
    Fault(
        "activation/planning/diff.py",
        "return \"when there is not null then 'remove'\"",
        "return \"when 1 = 0 then 'remove'\"",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/planning/guards.py",
        "max(removed, cut) > e.max_change_share",
        "max(removed, cut) > 2 * e.max_change_share",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/planning/guards.py",
        "e.day < e.newest_day",
        "e.day > e.newest_day",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/planning/guards.py",
        "if not why.strip()",
        "if why is None",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/planning/plan.py",
        'if built[0]["as_of_day"] != day:',
        "if False:",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/delivery/outgoing.py",
        "case when w.record_key is not null then {withdrew}",
        "case when 1 = 0 then {withdrew}",
        "tests/activation/test_feeds.py tests/activation/delivery/test_outgoing.py",
    ),
    Fault(
        "activation/delivery/withdrawn.py",
        "where channel = '{sync.contact_channel}'",
        "where channel <> '{sync.contact_channel}'",
        "tests/activation/delivery/test_push.py",
    ),
    Fault(
        "activation/delivery/pace.py",
        "rate = self.requests_per_minute / 60",
        "rate = self.requests_per_minute / 6",
        "tests/activation/delivery/test_pace.py",
    ),
    Fault("activation/push.py", "self.marks.write(mark)", "pass", "tests/activation/test_marks.py"),
    Fault(
        "activation/ledger/marks.py",
        "MOST_BYTES = 65_536",
        "MOST_BYTES = 6",
        "tests/activation/test_marks.py",
    ),
    # connectors: what lands, what is refused
    Fault(
        "connectors/landing/classify.py",
        "(r._row_key is not null or i.nth > 1)",
        "(i.nth > 1)",
        "tests/connectors/test_sql.py tests/connectors/test_late_rows.py",
    ),
    Fault(
        "connectors/landing/classify.py",
        "if landing.table.key and with_returned:",
        "if False:",
        "tests/connectors/test_sql.py",
    ),
    Fault(
        "connectors/contract.py",
        "'\"{name}\" is null'",
        "'\"{name}\" is not null'",
        "tests/connectors/test_contract.py",
    ),
    Fault(
        "connectors/contract.py",
        '(("<", low), (">", high))',
        '(("<", low), ("<", high))',
        "tests/connectors/test_contract.py",
    ),
    Fault("connectors/contract.py", "if len(past) < 2:", "if len(past) < 9:", "tests/connectors/test_contract.py"),
    Fault(
        "connectors/landing/refused.py",
        "where s.status = 'rejected' and not exists",
        "where s.status = 'refused' and not exists",
        "tests/connectors/test_again.py",
    ),
    # core: the one writer, the words, the identifiers
    Fault("core/warehouse.py", "if schema != self.writer:", "if False:", "tests/core/test_warehouse.py"),
    Fault("core/engines/statements.py", 're.compile(r";|\\b(', 're.compile(r"\\b(', "tests/core/test_statements.py"),
    Fault("core/specs.py", "if key.value in keys:", "if False:", "tests/core/test_specs.py"),
    Fault("core/clock.py", "if day > current_day and", "if day < current_day and", "tests/cli/test_days.py"),
    Fault(
        "core/identifiers.py",
        "pc.ascii_lower(pc.utf8_trim_whitespace(",
        "pc.utf8_trim_whitespace((",
        "tests/core/test_identifiers.py",
    ),
    Fault(
        "core/identifiers.py",
        "return e164 if phonenumbers.is_valid_number(number) else None",
        "return e164",
        "tests/core/test_phones.py",
    ),
    # content, people, ml: pure rooms
    Fault(
        "content/unsubscribe.py",
        "if not hmac.compare_digest(seal, _seal(key, payload)) or",
        "if",
        "tests/content/test_unsubscribe.py",
    ),
    Fault(
        "people/graph.py",
        'PERSON_KINDS = ("email", "phone", "id")',
        'PERSON_KINDS = ("email", "phone", "id", "device")',
        "tests/people/test_resolve.py",
    ),
    Fault("ml/split.py", "if day + horizon <= test[0]]", "if day <= test[0]]", "tests/ml/test_split.py"),
    Fault("ml/promote.py", "primary[1] - rule.not_worse", "primary[1] + rule.not_worse", "tests/ml/test_promote.py"),
    Fault("ml/promote.py", "rare >= rule.min_positive", "count >= rule.min_positive", "tests/ml/test_promote.py"),
)


def find(fault: Fault, project: Path) -> bool:
    """Whether its tests fail with the fault in the copy, which is as before when this returns."""
    file = project / fault.path
    text = file.read_text()
    if text.count(fault.sound) != 1:
        sys.exit(f"{fault.path}: {fault.sound!r} stands {text.count(fault.sound)} times in it, and once was meant.")
    file.write_text(text.replace(fault.sound, fault.broken))
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    words += ["-m", "not postgres and not airflow", *fault.tests.split()]
    paths = os.pathsep.join([str(project), str(project / "tests")])
    own = os.environ | {"PYTHONPATH": paths}
    try:
        done = subprocess.run(words, cwd=project, env=own, capture_output=True, text=True)
    finally:
        file.write_text(text)
    if done.returncode not in (0, 1):
        sys.exit(f"{fault.path}: pytest could not run: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.returncode == 1


def main(chosen: list[int]) -> int:
    overlooked = 0
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(ROOT, project, ignore=NOT_COPIED)
        for number in chosen or range(1, len(FAULTS) + 1):
            fault = FAULTS[number - 1]
            found = find(fault, project)
            overlooked += not found
            print(f"{number:>2} {'found     ' if found else 'OVERLOOKED'} {fault.path}: {fault.broken}", flush=True)
    return int(bool(overlooked))


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]]))
