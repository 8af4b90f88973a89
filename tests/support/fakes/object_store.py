"""Somebody who reads a folder of objects as its manifests list them and keeps the audience by person_id."""

import contextlib
import csv
import io
import json

from support.fakes.server import Fake


class Vendor(Fake):
    channel = "object_store"
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    faults = ()
    per_row_poison = False

    @contextlib.contextmanager
    def running(self, folder, check=None):
        self.folder = folder / "drop"
        self.options = {"url": f"file://{self.folder}"}
        yield

    def section(self):
        return {}

    def people(self):
        rows = {}
        for path in sorted(self.folder.rglob("_manifest.*.json")):
            for entry in json.loads(path.read_text())["objects"]:
                text = (path.parent / entry["object"]).read_bytes().decode()
                for row in csv.DictReader(io.StringIO(text, newline="")):
                    if row["op"] in ("remove", "erase"):
                        rows.pop(row["person_id"], None)
                    else:
                        rows[row["person_id"]] = row
        return rows

    def audience(self):
        return {row["email"] for row in self.people().values()}
