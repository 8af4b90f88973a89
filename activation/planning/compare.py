"""What an edited segment or sync does to every audience, before anybody merges it: `fairlead plan --against REV`.

Both versions are built after the scores, each on a copy of the warehouse, so nothing that is real is touched and the
figures are exact: the same rows under the old files and under the new ones. On the embedded engine only; a server is
not copied.
"""

import io
import os
import subprocess
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

from activation.jobs import register
from core.build import build
from core.errors import ConfigError, FatalError
from core.home import scratch_folder
from core.project.files import folder_of
from core.settings import Settings, load_settings
from core.warehouse import Warehouse, connect, copy_to

# A copy of the warehouse may hold what another version's files have built: the syncs that are registered in it decide.
REGISTERED = "where included and sync in (select sync from activation.syncs)"
PEOPLE = f"select sync, person_id as record_key from marts.audiences {REGISTERED}"
EVENTS = f"select sync, event_id as record_key from marts.feed_audiences {REGISTERED}"


def against(settings: Settings, day: date, revision: str) -> dict[str, Any]:
    """{day, against, ok, syncs: [{sync, before, after, adds, removes}], segments: [{segment, …the same}]}

    Only what changes is listed. Raises ConfigError for an unknown revision or another engine than DuckDB.
    """
    if settings.warehouse.engine != "duckdb":
        raise ConfigError(
            "plan --against works on a copy of the warehouse, which only the embedded engine allows.", code="FL416"
        )
    if not settings.duckdb_path.is_file():
        raise ConfigError(f"Nothing is built yet. Run `fairlead build --day {day}`.", code="FL410")
    shown = os.fsencode(revision).decode(errors="replace")
    with scratch_folder(settings.home, "against") as folder:
        old = _as_of(settings, revision, folder / "files")
        before = _built(settings, old, folder / "before", day, shown)
        after = _built(settings, (settings.root, folder_of(settings)), folder / "after", day, "the working tree")
        syncs, segments = (_differences(before, after, what) for what in ("audiences", "segments"))
    return {"day": day.isoformat(), "against": shown, "ok": True, "syncs": syncs, "segments": segments}


def _as_of(settings: Settings, revision: str, folder: Path) -> tuple[Path, Path | None]:
    """The project and the company's folder as of the revision. Where there is such a folder the revision is one of its
    repository, and Fairlead's own files stay what they are.
    """
    own = folder_of(settings)
    if own is None:
        return _files_of(settings.root, revision, folder), None
    return settings.root, _files_of(own, revision, folder / own.name)


def _files_of(project: Path, revision: str, folder: Path) -> Path:
    """The files of a folder as of the revision, beside the present ones."""
    words = ["git", "-C", str(project), "archive", "--format=tar", "--end-of-options", revision, "."]
    try:
        tar = subprocess.run(words, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise ConfigError("plan --against needs git, which is not installed.", code="FL416") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else "it gives no reason"
        raise ConfigError(f"git knows no {revision!r} in {project.name}: {reason}", code="FL416") from None
    outward: list[tarfile.TarInfo] = []

    def inward(member: tarfile.TarInfo, to: str) -> tarfile.TarInfo | None:
        try:
            return tarfile.data_filter(member, to)
        except (tarfile.AbsoluteLinkError, tarfile.LinkOutsideDestinationError):
            outward.append(member)
            return None

    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        archive.extractall(folder, filter=inward)
    for link in outward:  # made last, so that nothing is written through one; it leads where the working tree's leads
        (folder / link.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / link.name).symlink_to((project / link.name).parent / link.linkname)
    return folder


def _built(settings: Settings, files: tuple[Path, Path | None], home: Path, day: date, whose: str) -> Settings:
    """A copy of the warehouse with the segments and audiences of the files of a project and a company's folder."""
    copy_to(settings, home)
    copy_settings = load_settings(root=files[0], home=home, **_same(settings, files[1]))
    register(copy_settings)
    result = build(copy_settings, day, "after-scores")
    if not result.ok:
        raise FatalError(f"The files of {whose} do not build: {'; '.join(result.failed[:3])}.", code="FL416")
    return copy_settings


def _same(settings: Settings, folder: Path | None) -> dict[str, Any]:
    project = settings.project.model_dump() | {"folder": str(folder or "")}
    return {"project": project, "warehouse": settings.warehouse.model_dump()}


def _members(db: Warehouse, what: str) -> str:
    """SELECT sync or segment, record_key."""
    if what == "segments":
        return "select segment, person_id as record_key from marts.segment_membership where left_day is null"
    return f"{PEOPLE} union all {EVENTS}" if db.exists("marts.feed_audiences") else PEOPLE


def _differences(before: Settings, after: Settings, what: str) -> list[dict[str, Any]]:
    name = {"audiences": "sync", "segments": "segment"}[what]
    with connect(before) as db:
        old = db.query(_members(db, what))
    with connect(after) as db, db.given("before_members", old):
        return db.query(
            f"""with now as ({_members(db, what)}), paired as (
                select coalesce(n.{name}, b.{name}) as name, n.record_key as new_one, b.record_key as old_one
                from now as n full join before_members as b on b.{name} = n.{name} and b.record_key = n.record_key
            )
            select name as {name}, count(old_one) as before, count(new_one) as after,
                sum(case when old_one is null then 1 else 0 end)::bigint as adds,
                sum(case when new_one is null then 1 else 0 end)::bigint as removes
            from paired group by name having count(old_one) <> count(*) or count(new_one) <> count(*) order by name"""
        ).to_pylist()
