"""Somebody who reads the outbox as its manifest allows and keeps the audience by person_id."""

import contextlib
import csv
import io
import json

from support.fakes.server import Fake


class Vendor(Fake):
    channel = "csv_outbox"
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    faults = ()
    per_row_poison = False

    @contextlib.contextmanager
    def running(self, folder, check=None):
        self.folder = folder.parent / "home" / "outbox" / "loyal__csv_outbox"
        yield

    def section(self):
        return {}

    def people(self):
        rows = {}
        for manifest in sorted(self.folder.glob("*.manifest.json")) if self.folder.is_dir() else []:
            about = json.loads(manifest.read_text())
            text = (self.folder / about["file"]).read_bytes()[: about["bytes"]].decode()
            for row in csv.DictReader(io.StringIO(text, newline="")):
                if row["op"] == "remove":
                    rows.pop(row["person_id"], None)
                else:
                    rows[row["person_id"]] = row
        return rows

    def audience(self):
        return {row["email"] for row in self.people().values()}
