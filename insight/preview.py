"""One edited segment against last night's marts: who is in it, who comes and goes, what each sync of it would do.

Reads only; nothing is built. The file's SQL, and that of `audiences`, are the ones that a build runs
(core/building/rendering.py), over temporary tables of this connection.
"""

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from core.build import dbt, target_path
from core.building.rendering import NeedsDbtError, Renderer
from core.clock import refuse_later_day
from core.engines.statements import WriteRefusedError
from core.errors import ConfigError, FairleadError
from core.project.files import dbt_models, files, shown
from core.project.texts import text_of
from core.settings import Settings
from core.specs import LOADER
from core.warehouse import Warehouse, connect
from insight.emptiness import why_no_rows

ROWS, MEMBERS, SYNCS, AUDIENCES = "preview_rows", "preview_members", "preview_syncs", "preview_audiences"
SYNCS_BUILT = "activation.syncs"
COMPILED = "compiled/fairlead/models/marts/segments"
STAYS = "held_out", "capped", "duplicate_identifier"  # why somebody is left out who has not said no


def preview(settings: Settings, segment: str, day: date | None, rows: int) -> dict[str, Any]:
    """docs/reference/contracts.md has the object. `day`: as of its end; left out, the newest that was built.

    Raises ConfigError where no file has the segment, nothing was built yet, or the file is not understood.
    """
    started = time.monotonic()
    segment = segment.removeprefix("segment__")
    _, file = _file(settings, segment)
    with connect(settings) as db:
        day = day or _built_day(db)
        refuse_later_day(settings, day, None)
        sql, rendered_by = _sql(settings, db, segment, day)
        _run(db, ROWS, sql, file)
        columns = _columns(db, file)
        _run(db, MEMBERS, _members_sql(segment), file)
        counts = _counts(db, segment)
        found: dict[str, Any] = {
            "ok": True, "segment": segment, "file": file, "day": day.isoformat(), **counts,
            "empty_because": "" if counts["people"] else why_no_rows(db, db.engine_name, sql),
            "enters": _sample(db, segment, columns, rows), "leaves": _leavers(db, segment, rows),
            "overlap": _overlap(db, segment, rows), "syncs": _syncs(settings, db, segment, day),
            "unbuilt_syncs": _unbuilt_syncs(settings, db, segment), "rendered_by": rendered_by,
        }  # fmt: skip
    return {**found, "seconds": round(time.monotonic() - started, 2)}


def _file(settings: Settings, segment: str) -> tuple[Path, str]:
    segments = files(settings, "segments")
    name = f"segment__{segment}"
    if name not in segments:
        known = ", ".join(stem.removeprefix("segment__") for stem in segments) or "none"
        raise ConfigError(f"No segment {segment!r}. Segments: {known}. `fairlead new segment {segment}` writes one.")
    return segments[name], shown(settings, segments[name])


def _built_day(db: Warehouse) -> date:
    if not db.exists("marts.segment_days"):
        raise ConfigError("No night was built yet, and a segment reads its marts: `fairlead run`, or `make run`.")
    newest: date | None = db.query("select max(day) as day from marts.segment_days")["day"][0].as_py()
    if newest is None:
        raise ConfigError("No night was built yet, and a segment reads its marts: `fairlead run`, or `make run`.")
    return newest


def _sql(settings: Settings, db: Warehouse, segment: str, day: date) -> tuple[str, str]:
    """The segment's SQL, and who rendered it."""
    name = f"segment__{segment}"
    path, file = _file(settings, segment)
    try:
        return Renderer(settings, db, day).render(path, file), "fairlead"
    except NeedsDbtError:
        process = dbt(settings, day, ["compile", "--select", name])
    compiled = target_path(settings) / COMPILED / f"{name}.sql"
    if process.returncode or not compiled.is_file():
        raise ConfigError(f"{file}: dbt does not understand it: {process.stdout.strip()[-600:]}")
    return compiled.read_text(), "dbt"


def _run(db: Warehouse, table: str, sql: str, file: str) -> None:
    """A temporary table of the query. Raises ConfigError with the engine's words."""
    try:
        db.execute(f"create temporary table {table} as {sql.rstrip().rstrip(';')}")
    except WriteRefusedError as error:
        raise ConfigError(f"{file}: {error}") from None
    except FairleadError:
        raise  # a lost server or a damaged file is no fault of the words
    except Exception as error:  # the engine's own: syntax and catalog errors
        raise ConfigError(f"{file}: {str(error).splitlines()[0]}") from None


def _columns(db: Warehouse, file: str) -> list[str]:
    """Those that decided: all but person_id."""
    names = [name.lower() for name in db.query(f"select * from {ROWS} limit 0").column_names]
    if "person_id" not in names:
        raise ConfigError(
            f"{file}: it gives no column person_id, which says who is in it. Columns: {', '.join(names)}."
        )
    return [name for name in names if name != "person_id"]


def _members_sql(segment: str) -> str:
    return f"""select '{segment}' as segment, person_id, cast(null as date) as left_day
        from {ROWS} where person_id is not null group by person_id"""


def _counts(db: Warehouse, segment: str) -> dict[str, int]:
    counted = db.query(
        f"""with before as (
            select distinct person_id from marts.segment_membership where segment = $1 and left_day is null
        )
        select count(now.person_id) as people, count(before.person_id) as before,
            sum(case when before.person_id is null then 1 else 0 end) as entering,
            sum(case when now.person_id is null then 1 else 0 end) as leaving,
            (select count(*) - count(person_id) from {ROWS}) as without_person,
            (select count(person_id) - count(distinct person_id) from {ROWS}) as repeated
        from {MEMBERS} as now full join before on now.person_id = before.person_id""",
        [segment],
    ).to_pylist()[0]
    return {name: int(value or 0) for name, value in counted.items()}


def _sample(db: Warehouse, segment: str, columns: Sequence[str], rows: int) -> list[dict[str, Any]]:
    """Some who come: person_id, and the values that decided."""
    shown_columns = "".join(f', r."{column}"' for column in columns)
    return db.query(
        f"""select r.person_id{shown_columns} from {ROWS} as r
        left join (
            select distinct person_id from marts.segment_membership where segment = $1 and left_day is null
        ) as before on r.person_id = before.person_id
        where before.person_id is null and r.person_id is not null order by r.person_id limit {rows}""",
        [segment],
    ).to_pylist()


def _leavers(db: Warehouse, segment: str, rows: int) -> list[dict[str, Any]]:
    """Some who go: person_id, and the values by which they were in it."""
    return db.query(
        f"""select m.person_id, m.decided_by from marts.segment_membership as m
        left join {MEMBERS} as now on m.person_id = now.person_id
        where m.segment = $1 and m.left_day is null and now.person_id is null order by m.person_id limit {rows}""",
        [segment],
    ).to_pylist()


def _overlap(db: Warehouse, segment: str, rows: int) -> list[dict[str, Any]]:
    """The other segments by how many of these people they hold."""
    return db.query(
        f"""select m.segment, count(*) as people
        from marts.segment_membership as m inner join {MEMBERS} as now on m.person_id = now.person_id
        where m.left_day is null and m.segment <> $1 group by m.segment order by people desc, m.segment limit {rows}""",
        [segment],
    ).to_pylist()


def _syncs(settings: Settings, db: Warehouse, segment: str, day: date) -> list[dict[str, Any]]:
    """What a push of each of its syncs would do: the audience by the rule that a build asks, less what is there."""
    if not db.exists(SYNCS_BUILT) or not db.exists("marts.audiences"):
        return []
    _run(db, SYNCS, f"select * from activation.syncs where segment = '{segment}'", "activation.syncs")
    names = db.query(f"select sync, channel, enabled from {SYNCS} order by sync").to_pylist()
    if not any(row["enabled"] for row in names):
        return []
    (model,) = dbt_models(settings, "audiences")
    instead = {"segment_membership": MEMBERS, "activation.syncs": SYNCS}
    file = shown(settings, model)
    _run(db, AUDIENCES, Renderer(settings, db, day, instead).render(model, file), file)
    standings, declared = _standings(db), _declared(settings)
    enabled = [(row["sync"], row["channel"]) for row in names if row["enabled"]]
    modes = {sync: declared.get(sync, {}).get("mode") for sync, _ in enabled}
    return [{"sync": n, "channel": channel, **_moves(standings.get(n, {}), modes[n])} for n, channel in enabled]


def _unbuilt_syncs(settings: Settings, db: Warehouse, segment: str) -> list[str]:
    """The syncs of the segment that no build has seen: their rules of consent, caps and holdouts are not there yet."""
    built = set(db.query("select sync from activation.syncs")["sync"].to_pylist()) if db.exists(SYNCS_BUILT) else set()
    of_segment = [name for name, sync in _declared(settings).items() if sync.get("segment") == segment]
    return sorted(set(of_segment) - built)


def _standings(db: Warehouse) -> dict[str, dict[str, int]]:
    """Sync -> how many stand where: included, there, adds, gone, or held back by each reason."""
    there = "select cast(null as varchar) as sync, cast(null as varchar) as record_key where 1 = 0"
    if db.exists("activation.delivered"):
        there = f"""select sync, record_key from activation.delivered
            where delivered_hash is not null and sync in (select sync from {SYNCS})"""
    counted = db.query(
        f"""with there as ({there})
        select coalesce(a.sync, t.sync) as sync,
            case when a.included and t.record_key is null then 'adds' when a.included then 'unchanged'
                when t.record_key is null then a.reason
                when a.reason in ({", ".join(f"'{reason}'" for reason in STAYS)}) or a.reason is null then 'leaves'
                else 'stopped' end as standing,
            count(*) as people
        from {AUDIENCES} as a full join there as t on a.sync = t.sync and a.person_id = t.record_key
        group by 1, 2"""
    ).to_pylist()
    standings: dict[str, dict[str, int]] = {}
    for row in counted:
        standings.setdefault(row["sync"], {})[row["standing"]] = int(row["people"])
    return standings


def _moves(standing: dict[str, int], mode: str | None) -> dict[str, Any]:
    """As docs/how_to/add_a_sync.md has the modes: who leaves goes by `mirror` alone, who has said no by all but
    `append`.
    """
    here = {name: standing.pop(name, 0) for name in ("adds", "unchanged", "leaves", "stopped")}
    removes = here["leaves"] * (mode == "mirror") + here["stopped"] * (mode != "append")
    return {
        "mode": mode, "audience": here["adds"] + here["unchanged"], "adds": here["adds"], "removes": removes,
        "unchanged": here["unchanged"], "held_back": dict(sorted(standing.items())),
    }  # fmt: skip


def _declared(settings: Settings) -> dict[str, dict[str, Any]]:
    """Sync -> its file; those whose file holds a mistake are left out, which plan tells."""
    declared: dict[str, dict[str, Any]] = {}
    for name, path in files(settings, "syncs").items():
        try:
            declared[name] = dict(yaml.load(text_of(path), LOADER))
        except (yaml.YAMLError, TypeError, ValueError, FairleadError):
            continue
    return declared
