"""A real sshd, and somebody who reads what is dropped there as the manifests allow and keeps the
audience by person_id.
"""

import contextlib
import csv
import hashlib
import io
import json

from support import ssh_server
from support.fakes.server import Fake

KEY = ssh_server.new_key()


class Vendor(Fake):
    channel = "sftp"
    environment = {"FAIRLEAD_SFTP_KEY": KEY}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    faults = ()
    per_row_poison = False

    @contextlib.contextmanager
    def running(self, folder, check=None):
        with ssh_server.sshd(KEY) as self.server:
            self.options = {"folder": str(self.server.folder)}
            yield

    def section(self):
        server = getattr(self, "server", None)
        return {"options": server.account() if server else {}}

    def people(self):
        manifests = [json.loads(p.read_text()) for p in self.server.folder.glob("*.manifest.json")]
        rows = {}
        for about in sorted(manifests, key=lambda m: m["written_at"]):
            content = (self.server.folder / about["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == about["sha256"]
            for row in csv.DictReader(io.StringIO(content.decode(), newline="")):
                if row["op"] in ("remove", "erase"):
                    rows.pop(row["person_id"], None)
                else:
                    rows[row["person_id"]] = row
        return rows

    def audience(self):
        return {row["email"] for row in self.people().values()}
