"""What gave noes, stands in the warehouse, and no file reads or makes any more."""

from core.build import raw_tables_read
from core.errors import ConfigError, FairleadError
from core.project.files import found
from core.settings import Settings
from core.warehouse import Warehouse, connect

STAGED = """select table_name from information_schema.tables where table_schema = 'staging'
    and (table_name like 'stg\\_%\\_\\_consents' escape '\\' or table_name like 'stg\\_%\\_\\_messages' escape '\\')
    order by table_name"""
FEEDS = "raw.feeds_of_consent"  # connectors.landing.tables: every raw table that has ever fed one of these
MEND = (
    "Bring the file back; a source that is used no more is switched off (`enabled = false`), and its files stay. "
    "Or name it in `forgotten_noes` under [project]."
)


def refuse_vanished_noes(settings: Settings) -> None:
    """A build without them would judge as if nobody had said no there, and reach them.

    Raises ConfigError with each staging model without a file, and each raw table that none reads, that holds rows
    """
    forgotten, files, read = set(settings.project.forgotten_noes), found(settings, "staging"), raw_tables_read(settings)
    with connect(settings) as db:
        staged = [f"staging.{name}" for name in db.query(STAGED)["table_name"].to_pylist() if name not in files]
        fed = db.query(f"select table_name from {FEEDS} order by 1") if db.exists(FEEDS) else {"table_name": []}
        raw = [f"raw.{name}" for name in map(str, fed["table_name"]) if name not in read]
        vanished = [t for t in [*staged, *raw] if t.partition(".")[2] not in forgotten and _holds_rows(db, t)]
    if vanished:
        raise ConfigError(
            f"{', '.join(vanished)}: the noes in it would be forgotten, for no staging model makes or reads it any "
            "more (deleted, renamed, reading another table, or in a company's folder that is not set). " + MEND
        )


def _holds_rows(db: Warehouse, table: str) -> bool:
    schema, _, name = table.partition(".")
    if schema == "raw" and not db.exists(table):
        return False
    try:
        return db.query(f'select 1 as one from {schema}."{name}" limit 1').num_rows > 0
    except FairleadError:  # what a view read is another now: nobody knows what it held
        return True
