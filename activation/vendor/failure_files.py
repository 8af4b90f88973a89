"""Files in which a vendor names the failed rows of an import by address: fetched without the credential."""

import csv
import io
import json
import re
from collections.abc import Iterable

from activation.vendor.http import Http, Request
from core.errors import FatalError

ADDRESS = re.compile(r"[^\s,;:\"'<>{}\[\]]+@[^\s,;:\"'<>{}\[\]]+")


def downloaded(http: Http, url: str) -> bytes:
    """The file. It mostly lies on a store that is not the vendor's API and must not be shown the key.

    Raises FatalError where the vendor, which is asked over TLS, leads to a place without it: the file names people.
    """
    if http.origin_of(url) == http.origin_of(http.base_url):
        return http.call(Request("GET", url)).body
    if http.origin_of(http.base_url)[0] == "https" and http.origin_of(url)[0] != "https":
        raise FatalError(
            f"{http.channel}: the file of failures lies at an address without TLS; not fetched.", code="FL116"
        )
    elsewhere = Http(http.channel, "")
    try:
        return elsewhere.call(Request("GET", url)).body
    finally:
        elsewhere.close()


def failures(file: bytes) -> list[str]:
    """One text a failure: from a JSON list, JSON lines or CSV, whose first line may be its head."""
    text = file.decode("utf-8", "replace")
    try:
        content = json.loads(text)
        listed = content if isinstance(content, list) else content.get("errors", [content])
        return [json.dumps(one, ensure_ascii=False) for one in listed]
    except (ValueError, AttributeError):
        rows = [", ".join(row) for row in csv.reader(io.StringIO(text)) if any(row)]
        return rows if rows and ("@" in rows[0] or rows[0].startswith("{")) else rows[1:]


def of_address(texts: Iterable[str]) -> dict[str, str]:
    """Address in lower case -> the text that names it."""
    return {word.lower(): text for text in texts for word in ADDRESS.findall(text)}
