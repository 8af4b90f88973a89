"""LinkedIn's DMP segments as its documentation describes them: a status for each element, a segment that is not usable
at once.
"""

from hashlib import sha256

from support.fakes.server import Answer, Fake, Request

ACCOUNT, SEGMENT = "516848833", "10804"
URN = f"urn:li:sponsoredAccount:{ACCOUNT}"


class Vendor(Fake):
    channel = "linkedin"
    consent = "ads"
    description = "linkedin"
    environment = {"FAIRLEAD_LINKEDIN_TOKEN": "linkedin-test-token"}
    account = {"account_id": ACCOUNT, "source_platform": "FAIRLEAD_TEST"}
    options = {"segment_id": SEGMENT}
    fields = {"email": "email", "first_name": "first_name", "last_name": "last_name", "country": "country"}

    def __init__(self):
        super().__init__()
        self.segments = {SEGMENT: {"name": "there already", "type": "USER"}}
        self.users = {SEGMENT: {}}  # (id type, value) -> the element that has it
        self.young = set()  # segments that take no users yet
        self.loses = 0  # elements whose status is left out of an answer
        self.tokens = {"linkedin-test-token"}
        self.entries = {}  # segment -> ids of each element that was added in the last seven days
        self.status = "READY"  # of the segments that have had entries; the others are still being built
        self.least = 1  # members below which no size is shown; 300 at the real one
        self.strangers = set()  # e-mail addresses of people who are no members

    def answer(self, request: Request) -> Answer:
        if request.path == "/oauth/v2/accessToken":
            return self.renew(request.form())
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Answer(401, {"status": 401, "serviceErrorCode": 65600, "message": "Invalid access token"})
        parts = request.path.removeprefix("/rest/").split("/")
        if parts == ["dmpSegments"]:
            return self.page(request.query) if request.method == "GET" else self.make(request.json())
        if parts[0] != "dmpSegments" or parts[1] not in self.segments:
            return Answer(404, {"status": 404, "message": "Not found"})
        if len(parts) == 2:
            return Answer(200, self.described(parts[1]))
        return self.stream(parts[1], request.json()["elements"])

    def renew(self, form) -> Answer:
        if (form.get("refresh_token"), form.get("client_secret")) != ("refresh-1", "secret-1"):
            return Answer(400, {"error": "invalid_grant"})
        self.tokens = {f"renewed-{len(self.requests)}"}
        return Answer(200, {"access_token": next(iter(self.tokens)), "expires_in": 5184000})

    def page(self, query) -> Answer:
        start, count = int(query["start"][0]), int(query["count"][0])
        own = [{"id": number, **one} for number, one in self.segments.items()] if query["account"] == [URN] else []
        return Answer(200, {"elements": own[start : start + count], "paging": {"start": start, "count": count}})

    def described(self, number):
        """Entries and matches are those of seven days, the size is that of the whole segment; none
        while it is built.
        """
        one = {"id": int(number), **self.segments[number], "account": URN, "accessPolicy": "PRIVATE"}
        target = {"destination": "LINKEDIN", "status": "BUILDING"}
        if number in self.entries and self.status != "BUILDING":
            lately = self.entries[number]
            people = {tuple(element["ids"]) for element in self.users[number].values()}
            size = sum(map(self.is_member, people))
            one["inputCount"] = len(lately)
            target |= {"status": self.status, "audienceSize": size if size >= self.least else 0}
            target["matchedCount"] = sum(map(self.is_member, lately))
        return {**one, "destinations": [target]}

    def is_member(self, ids) -> bool:
        return any(value not in {digest(address) for address in self.strangers} for _, value in ids)

    def make(self, content) -> Answer:
        if content["account"] != URN or content["sourcePlatform"] != "FAIRLEAD_TEST":
            return Answer(403, {"status": 403, "message": "Not enough permissions"})
        number = str(20_000 + len(self.segments))
        self.segments[number], self.users[number] = {"name": content["name"], "type": content["type"]}, {}
        self.young.add(number)
        return Answer(201, None, {"x-restli-id": number})

    def stream(self, number, elements) -> Answer:
        if len(elements) > 5000:
            return Answer(400, {"status": 400, "message": "too many elements"})
        if number in self.young:
            return Answer(200, {"elements": [{"status": 404} for _ in elements]})
        verdicts = [self.one(self.users[number], element) for element in elements]
        for element, verdict in zip(elements, verdicts, strict=True):
            if element["action"] == "ADD" and verdict.get("status") == 201:
                ids = [(one["idType"], one["idValue"]) for one in element["userIds"]]
                self.entries.setdefault(number, []).append(ids)
        return Answer(200, {"elements": verdicts[: len(verdicts) - self.loses]})

    def one(self, users, element):
        ids = [(one["idType"], one["idValue"]) for one in element["userIds"]]
        if {value for _, value in ids} & {digest(address) for address in self.poison}:
            return {"status": 400, "error": {"status": 400, "message": "Invalid user id"}}
        for one in ids:
            for other in users.get(one, {}).get("ids", []):
                users.pop(other, None)
        if element["action"] == "ADD":
            names = {k: v for k, v in element.items() if k not in ("userIds", "action")}
            users.update({key: {"ids": ids, **names} for key in ids})
        return {"status": 201}

    def carries(self, request: Request) -> bool:
        return request.path.endswith("/users")

    def audience(self) -> set[str]:
        values = {value for users in self.users.values() for kind, value in users if kind == "SHA256_EMAIL"}
        return {addresses_by_hash()[value] for value in values if value in addresses_by_hash()}


def digest(text) -> str:
    return sha256(text.encode()).hexdigest()


_ADDRESSES: dict[str, str] = {}


def addresses_by_hash() -> dict[str, str]:
    if not _ADDRESSES:
        everybody = [*(f"person{i}@example.com" for i in range(3000)), "moved@example.com"]
        _ADDRESSES.update({digest(a): a for a in everybody})
    return _ADDRESSES
