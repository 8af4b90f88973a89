"""A print house that reads the outbox as its manifest allows. What stands on the envelope's first street line tells who
is who.
"""

import contextlib
import csv
import io
import json

from support.fakes.server import Fake


class Vendor(Fake):
    channel = "direct_mail"
    consent = "mail"
    options = {"default_country": "IE"}  # where a letter arrives without a postal code
    fields = {"first_name": "first_name", "last_name": "last_name", "address_line_1": "email", "city": "last_name"}
    faults = ()
    removes = False
    per_row_poison = False

    @contextlib.contextmanager
    def running(self, folder, check=None):
        self.folder = folder.parent / "home" / "outbox" / "loyal__direct_mail"
        yield

    def section(self):
        return {}

    def letters(self):
        rows = []
        for manifest in sorted(self.folder.glob("*.manifest.json")) if self.folder.is_dir() else []:
            about = json.loads(manifest.read_text())
            text = (self.folder / about["file"]).read_bytes()[: about["bytes"]].decode()
            rows += csv.DictReader(io.StringIO(text, newline=""))
        return rows

    def audience(self):
        return {letter["line_2"] for letter in self.letters()}

    def received(self, email):
        return sum(letter["line_2"] == email for letter in self.letters())
