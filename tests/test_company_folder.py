"""A company with a folder of its own: its files by commands, a whole night, and no file of Fairlead's own touched."""

import csv
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.shop import ROOT, Shop

DAY = "2026-03-28"
CUSTOMERS, MOST_ORDERS = 60, 4


@dataclass
class Company:
    """A home, the folder, and what each command answered."""

    shop: Shop
    folder: Path
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fairlead(self, *words: str, ok: bool | None = True) -> dict[str, Any]:
        return self.shop.fairlead(*words, ok=ok, FAIRLEAD_PROJECT__FOLDER=str(self.folder))


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=A Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def ours() -> dict[str, int]:
    """Fairlead's own files that a night is made of, and when each was last written."""
    rooms = ("dbt_project", "connectors/sources", "activation", "models", "docs", "content")
    paths = [path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in (".sql", ".yml", ".md")]
    return {str(path): path.stat().st_mtime_ns for path in paths}


def write_data(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    with (folder / "data/customers.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "email", "first_name", "last_name", "created_at", "city"])
        for i in range(CUSTOMERS):
            writer.writerow([i, f"p{i}@acme.example", "Ann", "Lee", f"2026-01-{i % 28 + 1:02d} 10:00:00", "Oslo"])
    with (folder / "data/orders.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "customer_id", "ordered_at", "revenue", "currency", "status"])
        for i in range(CUSTOMERS):
            for k in range(i % MOST_ORDERS):
                day = f"2026-03-{(i + 7 * k) % 27 + 1:02d} 11:00:00"
                writer.writerow([f"{i}-{k}", i, day, f"{10 + i}.50", "EUR", "completed"])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    place = tmp_path_factory.mktemp("company")
    made = Company(Shop(place / "home"), place / "my_shop")
    write_data(made.folder)
    before = ours()
    made.answers["init"] = made.fairlead("init", "--country", "NO", "--currency", "EUR", "--no-sample")
    made.answers["source"] = made.fairlead("new", "source", "acme", "--yes", "--from", str(made.folder / "data"))
    for kind, name in (("segment", "buyers"), ("model", "acme_again"), ("channel", "acme_vendor")):
        made.answers[kind] = made.fairlead("new", kind, name)
    made.answers["sync"] = made.fairlead("new", "sync", "buyers__csv_outbox")
    sync = made.folder / "syncs/buyers__csv_outbox.yml"
    lines = [
        line for line in sync.read_text().splitlines() if not line.startswith(("paused:", "contact", "holdout", "cap"))
    ]
    sync.write_text("\n".join([*lines, "contact_channel: none", 'basis: "a file for the shop itself"', ""]))
    made.answers["night"] = made.fairlead("run", "--day", DAY)
    assert ours() == before, "a file of Fairlead's own was touched"
    return made


def step_of(company: Company, name: str) -> dict[str, Any]:
    return next(step for step in company.answers["night"]["steps"] if step["step"].startswith(name))


def test_every_file_is_written_into_the_folder(company: Company) -> None:
    written = [
        file for name in ("source", "segment", "model", "channel", "sync") for file in company.answers[name]["files"]
    ]
    assert all(file.startswith("my_shop/") for file in written)
    assert {Path(file).parts[1] for file in written} == {
        "sources", "staging", "segments", "models", "labels", "channels", "syncs",
    }  # fmt: skip
    assert "my_shop/sources/acme.yml" in company.answers["source"]["next"]
    assert "{folder}/data" in (company.folder / "sources/acme.yml").read_text()


def test_a_night_takes_the_companys_files_and_leaves_the_sample_out(company: Company) -> None:
    orders = sum(i % MOST_ORDERS for i in range(CUSTOMERS))
    landed = {row["table"]: row["rows_landed"] for row in step_of(company, "pull")["sources"]}
    assert landed == {"customers": CUSTOMERS, "orders": orders}
    assert company.shop.rows("select count(*) from marts.profiles") == [(CUSTOMERS,)]
    assert company.shop.rows("select count(*), sum(revenue) from marts.orders") == [
        (orders, sum((10.5 + i) * (i % MOST_ORDERS) for i in range(CUSTOMERS)))
    ]
    buyers = sum(bool(i % MOST_ORDERS) for i in range(CUSTOMERS))
    members = "select count(*) from marts.segment_membership where segment = 'buyers' and left_day is null"
    assert company.shop.rows(members) == [(buyers,)]
    assert "acme_again" in {row["model"] for row in step_of(company, "score")["models"]}
    for name in ("plan", "push"):
        assert [sync["sync"] for sync in step_of(company, name)["syncs"]] == ["buyers__csv_outbox"]
    (pushed,) = step_of(company, "push")["syncs"]
    assert (pushed["attempted"], pushed["accepted"]) == (buyers, buyers)


def test_doctor_names_the_folder_and_what_is_wrong_in_it(company: Company) -> None:
    def check() -> dict[str, Any]:
        checks = company.fairlead("doctor", ok=None)["checks"]
        return next(c for c in checks if c["check"] == "company folder")

    assert check()["ok"] and "1 sources, 2 staging, 1 segments, 1 labels, 1 models, 1 syncs" in check()["detail"]
    stray = company.folder / "segments/vip.sql"
    stray.touch()
    assert not check()["ok"] and "my_shop/segments/vip.sql is found by nobody" in check()["detail"]
    stray.unlink()


def test_a_mistake_in_a_companys_segment_is_named_with_its_file(company: Company) -> None:
    segment = company.folder / "segments/segment__buyers.sql"
    text = segment.read_text()
    try:
        segment.write_text(text.replace("ref('profiles')", "ref('profils')"))
        failed = company.fairlead("build", "--day", DAY, "--stage", "after-scores", ok=False)
    finally:
        segment.write_text(text)
    assert "my_shop/segments/segment__buyers.sql" in failed["error"] and "profils" in failed["error"]


def test_a_plan_against_a_revision_is_of_the_companys_own_repository(company: Company) -> None:
    assert "my_shop" in company.fairlead("plan", "--day", DAY, "--against", "HEAD", ok=False)["error"]
    git(company.folder, "init", "--quiet")
    git(company.folder, "add", "--all")
    git(company.folder, "commit", "--quiet", "--message", "as it was")
    segment = company.folder / "segments/segment__buyers.sql"
    segment.write_text(segment.read_text().replace("lifetime_orders >= 1", "lifetime_orders >= 2"))
    told = company.fairlead("plan", "--day", DAY, "--against", "HEAD")
    once = sum(i % MOST_ORDERS == 1 for i in range(CUSTOMERS))
    assert [(row["segment"], row["removes"], row["adds"]) for row in told["segments"]] == [("buyers", once, 0)]
    assert [(row["sync"], row["removes"]) for row in told["syncs"]] == [("buyers__csv_outbox", once)]


def test_a_companys_own_source_that_is_out_of_reach_fails_a_pull_and_is_not_off(company: Company) -> None:
    data = company.folder / "data"
    data.rename(company.folder / "moved")
    try:
        answer = company.fairlead("pull", "--day", DAY, ok=False)
        assert {row["source"] for row in answer["sources"] if row.get("error")} == {"acme"}
        assert "acme" not in {row["source"] for row in answer["off"]}
    finally:
        (company.folder / "moved").rename(data)
