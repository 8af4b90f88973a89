"""An SQLite whose owner has made the table, and a trigger that refuses whom he does not want."""

import contextlib
import sqlite3

from support.fakes.server import Fake

TABLES = """
create table fairlead_loyal (
  person_id varchar primary key, email text, first_name text, value double, _fairlead_sync text, note text
);
create table unwanted (email text);
create trigger refuses_new before insert on fairlead_loyal when new.email in (select email from unwanted)
  begin select raise(abort, 'email is not wanted here'); end;
create trigger refuses_changed before update on fairlead_loyal when new.email in (select email from unwanted)
  begin select raise(abort, 'email is not wanted here'); end;
"""


class Vendor(Fake):
    channel = "sql_table"
    environment = {"FAIRLEAD_SQL_TABLE_URL": "sqlite://"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    faults = ()
    file = None

    @contextlib.contextmanager
    def running(self, folder, check=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "shop.db"
        with self.open() as db:
            db.executescript(TABLES)
        # Opened only where it is there already; a wrong last letter is no URL any more.
        self.environment = {"FAIRLEAD_SQL_TABLE_URL": f"sqlite:///file:{self.file}?mode=rw&uri=true"}
        yield

    @contextlib.contextmanager
    def open(self):
        with contextlib.closing(sqlite3.connect(self.file)) as db, db:
            db.row_factory = sqlite3.Row
            yield db

    def section(self):
        return {}

    @property
    def poison(self):
        return set()

    @poison.setter
    def poison(self, addresses):
        if self.file:
            with self.open() as db:
                db.executemany("insert into unwanted values (?)", [(a,) for a in addresses])

    def rows(self):
        with self.open() as db:
            return [dict(row) for row in db.execute("select * from fairlead_loyal")]

    def audience(self):
        return {row["email"] for row in self.rows()}

    def values(self, email):
        return next((row for row in self.rows() if row["email"] == email), {})
