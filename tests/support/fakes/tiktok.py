"""TikTok's Business API as its documentation describes it: HTTP 200 and a code, files that are uploaded first and named
later.
"""

import csv
import hashlib
import io
import json
import re
from email.parser import BytesParser

from support.fakes.server import Answer, Fake, Request

ADVERTISER = "7000000000001"
HEADS = ("Email_SHA256", "Phone_SHA256", "MAID_SHA256")


class Vendor(Fake):
    channel = "tiktok"
    consent = "ads"
    description = "tiktok"
    environment = {"FAIRLEAD_TIKTOK_TOKEN": "tiktok-test-token"}
    account = {"advertiser_id": ADVERTISER}
    fields = {"email": "email", "phone": "phone"}
    per_row_poison = False  # TikTok never says which row of a file it could not use

    def __init__(self):
        super().__init__()
        self.files = {}  # path -> rows, each {head: hash}
        self.audiences = {}  # id -> {"name", "rows"}
        self.names = []  # of the uploaded files
        self.smallest = 0  # people that an audience must still have after a change; 1,000 at the real one
        self.failure = None  # (code, message) of the next POST
        self.matched = set()  # ids of the audiences whose files TikTok has matched; a day or two at the real one
        self.expired = set()  # ids of the audiences that have ended
        self.strangers = set()  # e-mail addresses of people who have no account

    def carries(self, request: Request) -> bool:
        return request.method == "POST"

    def answer(self, request: Request) -> Answer:
        if request.headers.get("access-token") != "tiktok-test-token" or "Access-Token" in request.query:
            return reply(40105, "Access token is incorrect or has been revoked.")
        if self.failure and request.method == "POST":
            return reply(*self.failure)
        verb = request.path.removeprefix("/open_api/v1.3/dmp/custom_audience/").strip("/")
        if (request.method, verb) == ("GET", "list"):
            return self.page_of_audiences(request.query)
        if (request.method, verb) == ("GET", "get"):
            return self.detailed(request.query)
        if request.method != "POST" or verb not in ("file/upload", "create", "update"):
            return reply(40002, "path is not valid")
        if verb == "file/upload":
            return self.upload(*parts(request))
        content = request.json()
        if content["advertiser_id"] != ADVERTISER:
            return reply(40001, "No permission to operate advertiser")
        return self.create(content) if verb == "create" else self.update(content)

    def upload(self, form, name, content) -> Answer:
        if form["file_signature"] != hashlib.md5(content).hexdigest() or not name.endswith((".csv", ".txt")):
            return reply(40002, "file_signature: Signature does not match")
        if form["advertiser_id"] != ADVERTISER or form["calculate_type"] != "MULTIPLE_TYPES":
            return reply(40002, "calculate_type: invalid")
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        fine = rows and all(
            head in HEADS and (not cell or re.fullmatch("[0-9a-f]{64}", cell))
            for row in rows
            for head, cell in row.items()
        )
        if not fine or not all(any(row.values()) for row in rows):
            return reply(40002, "file: invalid content")
        path = f"{len(self.files):016x}"  # 16 characters, as the description of `create` has it
        self.files[path] = [{head: cell for head, cell in row.items() if cell} for row in rows]
        self.names.append(name)
        return reply(0, "OK", {"file_path": path})

    def create(self, content) -> Answer:
        number = str(9000 + len(self.audiences))
        self.audiences[number] = {
            "name": content["custom_audience_name"],
            "rows": [],
            "days": content.get("retention_in_days"),
        }
        return self.changed(number, "APPEND", content["file_paths"], {"custom_audience_id": number})

    def update(self, content) -> Answer:
        number = content["custom_audience_id"]
        if number not in self.audiences:
            return reply(40002, "custom_audience_id: does not exist")
        return self.changed(number, content["action"], content["file_paths"], {})

    def changed(self, number, action, paths, data) -> Answer:
        if any(path not in self.files for path in paths):
            return reply(40002, "file_paths: does not exist")
        rows = [row for path in paths for row in self.files[path]]
        cells = {cell for row in rows for cell in row.values()}
        others = [row for row in self.audiences[number]["rows"] if not cells & set(row.values())]
        after = others if action == "REMOVE" else others + rows
        if len(after) < self.smallest:
            return reply(40002, "The audience size is less than 1000 after the operation")
        self.audiences[number]["rows"] = after
        return reply(0, "OK", data)

    def page_of_audiences(self, query) -> Answer:
        page, size = int(query.get("page", ["1"])[0]), int(query.get("page_size", ["10"])[0])
        ids = json.loads(query.get("custom_audience_ids", ["null"])[0])
        all_of_them = [
            {"audience_id": n, "name": a["name"], "is_creator": True}
            for n, a in self.audiences.items()
            if ids is None or n in ids
        ]
        pages = -(-len(all_of_them) // size)
        info = {"page": page, "page_size": size, "total_number": len(all_of_them), "total_page": pages}
        return reply(0, "OK", {"list": all_of_them[(page - 1) * size : page * size], "page_info": info})

    def detailed(self, query) -> Answer:
        ids = json.loads(query["custom_audience_ids"][0])
        if query["advertiser_id"] != [ADVERTISER] or not 0 < len(ids) <= 100:
            return reply(40002, "advertiser_id, custom_audience_ids: invalid")
        return reply(0, "OK", {"list": [self.details(number) for number in ids if number in self.audiences]})

    def details(self, number):
        usable = number in self.matched and number not in self.expired
        unknown = {hashlib.sha256(address.encode()).hexdigest() for address in self.strangers}
        users = [row for row in self.audiences[number]["rows"] if set(row.values()) - unknown]
        one = {"audience_id": number, "name": self.audiences[number]["name"], "is_creator": True, "is_valid": usable}
        return {"audience_details": {**one, "cover_num": len(users) if usable else 0}, "audience_history": []}

    def audience(self) -> set[str]:
        cells = {row.get("Email_SHA256") for a in self.audiences.values() for row in a["rows"]}
        return {addresses_by_hash()[cell] for cell in cells if cell in addresses_by_hash()}


def parts(request: Request):
    message = BytesParser().parsebytes(
        b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
    )
    fields = {p.get_param("name", header="content-disposition"): p for p in message.get_payload()}
    form = {name: p.get_payload(decode=True).decode() for name, p in fields.items() if name != "file"}
    return form, fields["file"].get_filename(), fields["file"].get_payload(decode=True)


def reply(code, message, data=None) -> Answer:
    return Answer(200, {"code": code, "message": message, "request_id": "2026", "data": data or {}})


_ADDRESSES: dict[str, str] = {}


def addresses_by_hash() -> dict[str, str]:
    if not _ADDRESSES:
        everybody = [*(f"person{i}@example.com" for i in range(3000)), "moved@example.com"]
        _ADDRESSES.update({hashlib.sha256(a.encode()).hexdigest(): a for a in everybody})
    return _ADDRESSES
