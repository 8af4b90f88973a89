"""`fairlead new source --ask` on a terminal: one question a doubt; Enter takes what was assumed."""

import os
import pty
import select
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
QUESTION = b"): "


def typed(command, environment, answer, seconds=120):
    """All that a terminal showed, and the exit code; `answer` is given what came since the last question."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(sys.executable, [sys.executable, "-m", "fairlead", *command], environment)
    shown, new, end = b"", b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the other side has ended
            break
        shown, new = shown + data, new + data
        if new.endswith(QUESTION):
            os.write(terminal, answer(new.decode()).encode() + b"\n")
            new = b""
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_doubt_is_asked_and_the_answer_is_written(project):
    rows = "".join(f"{i},c{i % 9},{i}.50,2026-01-02,{['paid', 'zurueckgestellt'][i % 2]}\n" for i in range(60))
    project.data("order_id,customer_id,total,order_date,status\n" + rows, "orders.csv")
    (project.root / "fairlead.toml").touch()
    environment = dict(os.environ, FAIRLEAD_HOME=str(project.home), FAIRLEAD_ROOT=str(project.root), COLUMNS="200",
                       PYTHONPATH=str(ROOT), TERM="dumb")  # fmt: skip
    command = ["new", "source", "shop", "--from", str(project.home / "in"), "--ask"]
    shown, code = typed(command, environment, lambda text: "cancelled" if "zurueckgestellt" in text else "")
    assert code == 0 and "zurueckgestellt" in shown and "counts as a sale" in shown, shown
    sql = (project.root / "dbt_project/models/staging/shop/stg_shop__orders.sql").read_text()
    assert "'zurueckgestellt'" in sql.partition("then 'cancelled'")[0]
