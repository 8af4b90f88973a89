"""Google Sheets as its documentation describes it: a grid of cells, append below the first table, nulls that leave
cells alone.
"""

import json
import re
import secrets
from contextlib import contextmanager
from urllib.parse import unquote

import jwt
from support.fakes.keys import pem, rsa_key
from support.fakes.server import Answer, Fake, Request, serve

CREDENTIALS = json.dumps(
    {
        "type": "service_account",
        "client_email": "fairlead@example.iam.gserviceaccount.com",
        "private_key": pem(rsa_key()),
    }
)
BOOK = "11zccS101c27B9mYLMJiaAPfDgoj2chOq39n3MZrcKTk"


class TokenServer(Fake):
    def __init__(self):
        super().__init__()
        self.valid = set()

    def answer(self, request: Request) -> Answer:
        try:
            claims = jwt.decode(
                request.form()["assertion"], rsa_key().public_key(), ["RS256"], audience=self.url + "/token"
            )
        except (KeyError, jwt.PyJWTError):
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if claims["scope"] != "https://www.googleapis.com/auth/spreadsheets":
            return Answer(400, {"error": "invalid_scope"})
        token = secrets.token_hex(8)
        self.valid.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


class Vendor(Fake):
    channel = "google_sheets"
    description = "google/sheets"
    environment = {"FAIRLEAD_GOOGLE_SHEETS_CREDENTIALS": CREDENTIALS}
    options = {"spreadsheet_id": BOOK, "sheet": "Loyal people's"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    per_row_poison = False  # a sheet takes whatever fits into a cell

    def __init__(self):
        super().__init__()
        self.tokens = TokenServer()
        self.grid = []  # rows of cells; "" is empty
        self.name = "Loyal people's"

    def section(self):
        return {"url": self.url, "options": {**self.account, "token_url": self.tokens.url + "/token"}}

    @contextmanager
    def running(self, folder, check=None):
        with serve(self.tokens), serve(self, check):
            yield

    def expire(self):
        self.tokens.valid.clear()

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens.valid:
            return Answer(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        if not request.path.startswith(f"/v4/spreadsheets/{BOOK}"):
            return Answer(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
        rest = request.path.removeprefix(f"/v4/spreadsheets/{BOOK}")
        if (request.method, rest) == ("GET", ""):
            return Answer(200, {"spreadsheetId": BOOK})
        try:
            return self.values_of(request, rest)
        except LookupError as error:
            return Answer(
                400,
                {"error": {"code": 400, "message": f"Unable to parse range: {error}", "status": "INVALID_ARGUMENT"}},
            )

    def values_of(self, request, rest):
        if (request.method, rest) == ("GET", "/values:batchGet"):
            assert request.query["valueRenderOption"] == ["UNFORMATTED_VALUE"]
            return Answer(200, {"spreadsheetId": BOOK, "valueRanges": [self.get(r) for r in request.query["ranges"]]})
        content = request.json()
        if rest == "/values:batchUpdate":
            assert content["valueInputOption"] == "RAW"
            for one in content["data"]:
                left, top, _, _ = self.place(one["range"])
                self.put(top, left, one["values"])
            return Answer(200, {"spreadsheetId": BOOK, "responses": []})
        if rest == "/values:batchClear":
            for one in content["ranges"]:
                left, top, right, bottom = self.place(one)
                for row in self.grid[top : bottom + 1]:
                    cut = slice(left or 0, len(row) if right is None else right + 1)
                    row[cut] = [""] * len(row[cut])
            return Answer(200, {"spreadsheetId": BOOK, "clearedRanges": content["ranges"]})
        match = re.fullmatch(r"/values/(.*):append", rest)
        if not match:
            return Answer(404, {})
        assert request.query["valueInputOption"] == ["RAW"]
        self.place(unquote(match[1]))
        end = next((at for at, row in enumerate(self.grid) if not any(cell != "" for cell in row)), len(self.grid))
        self.put(end, 0, content["values"])
        return Answer(200, {"spreadsheetId": BOOK, "updates": {"updatedRows": len(content["values"])}})

    def place(self, text):
        """left, top, right, bottom; 0-based, None where open."""
        name, _, cells = text.rpartition("!")
        if name != "'" + self.name.replace("'", "''") + "'":
            raise LookupError(text)
        first, _, last = cells.partition(":")
        corners = [re.fullmatch(r"([A-Z]*)(\d*)", corner).groups() for corner in (first, last or first)]
        (left, top), (right, bottom) = corners
        return column(left), int(top) - 1 if top else 0, column(right), int(bottom) - 1 if bottom else None

    def get(self, text):
        left, top, right, bottom = self.place(text)
        rows = self.grid[top : len(self.grid) if bottom is None else bottom + 1]
        cells = [trimmed(row[left or 0 : len(row) if right is None else right + 1]) for row in rows]
        while cells and not cells[-1]:
            cells.pop()
        return {"range": text, "majorDimension": "ROWS", **({"values": cells} if cells else {})}

    def put(self, top, left, rows):
        for at, cells in enumerate(rows, top):
            while len(self.grid) <= at:
                self.grid.append([])
            row = self.grid[at]
            for place, value in enumerate(cells, left or 0):
                row.extend([""] * (place + 1 - len(row)))
                if value is not None:
                    row[place] = value

    def people(self):
        header = self.grid[0] if self.grid else []
        return [dict(zip(header, row, strict=False)) for row in self.grid[1:] if any(cell != "" for cell in row)]

    def audience(self):
        return {row["email"] for row in self.people()}

    def values(self, email):
        return next((row for row in self.people() if row["email"] == email), {})


def column(letters):
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1 if letters else None


def trimmed(row):
    row = list(row)
    while row and row[-1] == "":
        row.pop()
    return row
