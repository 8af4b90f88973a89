"""One e-mail as bytes: RFC 5322 headers, 7-bit safe (RFC 2047 words, quoted-printable or base64), signed.

Written by hand and not with `email.message`, which folds a long link in List-Unsubscribe into encoded words that no
mailbox provider reads, and takes five times as long.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime

import idna

from activation.channels.smtp.dkim import Headers, Signer
from core.errors import RecordError

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322 3.2.3
LOCAL = re.compile(rf"{ATOM}(\.{ATOM})*")
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # RFC 1035 2.3.1
LDH = re.compile(
    rf"({LABEL}\.)+(?!xn--|[0-9]+$){LABEL}"
)  # an ordinary domain; all others ask `idna`, a hundred times slower
LONGEST_LOCAL, LONGEST_ADDRESS = 64, 254  # octets: RFC 5321 4.5.3.1.1, and 4.5.3.1.3 less the angle brackets
LINE = 76  # characters of an encoded line, as RFC 2045 6.7 and 6.8 ask
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
COMMENT = re.compile(r"<!--.*?-->", re.S)


@dataclass(frozen=True)
class Letter:
    """What one person gets. `more`: headers that are ASCII already, by name."""

    message_id: str  # without angle brackets
    sender: str  # an address, or a name and an address, as `mailbox` writes it
    to: str
    subject: str
    text: str
    html: str | None
    more: Mapping[str, str]


def letter_bytes(letter: Letter, signer: Signer | None, at: datetime | None = None) -> bytes:
    """The whole message with CRLF line ends; at: aware, now where left out."""
    at = at or datetime.now(UTC)
    kind, encoding, body = _body(letter)
    headers: Headers = [
        ("From", letter.sender), ("To", letter.to), ("Subject", unstructured("Subject", letter.subject)),
        ("Date", format_datetime(at)), ("Message-ID", f"<{letter.message_id}>"), *letter.more.items(),
        ("MIME-Version", "1.0"), ("Content-Type", kind),
        *([("Content-Transfer-Encoding", encoding)] if encoding else []),
    ]  # fmt: skip
    if signer:
        headers.insert(0, ("DKIM-Signature", signer.sign(headers, body, int(at.timestamp()))))
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii") + b"\r\n" + body


def address(value: object) -> str:
    """The address as it stands in an envelope: the domain in ASCII (IDNA 2008). Raises RecordError where it is none."""
    local, at, domain = str(value or "").strip().rpartition("@")
    if not at or not LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL:
        raise RecordError("email is no address that can be written to")
    if LDH.fullmatch(domain):
        return _in_bounds(f"{local}@{domain.lower()}")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise RecordError("email has no usable domain") from None
    if "." not in ascii_domain:
        raise RecordError("email has no usable domain")
    return _in_bounds(f"{local}@{ascii_domain}")


def _in_bounds(whole: str) -> str:
    if len(whole) > LONGEST_ADDRESS:
        raise RecordError("email is longer than an address may be")
    return whole


def mailbox(name: str | None, where: str) -> str:
    """`Name <address>`; the name quoted, or in encoded words where it is not ASCII."""
    name = one_line(name or "")
    if not name:
        return where
    if name.isascii():
        quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{quoted} <{where}>" if len(quoted) + len(where) < LINE else f"{quoted}\r\n <{where}>"
    return f"{_words(name, 10)}\r\n <{where}>"


def unstructured(name: str, value: str) -> str:
    """A header of free text, folded; a line end in a value becomes a space, so that it begins no other header."""
    value = one_line(value)
    if not value.isascii():
        return _words(value, len(name) + 2)
    if len(name) + 2 + len(value) <= LINE:
        return value
    return _words(value, len(name) + 2) if any(len(w) > LINE for w in value.split()) else _folded(value, len(name) + 2)


def one_line(value: str) -> str:
    return CONTROL.sub(" ", value).strip()


def visible(html: str) -> str:
    """The HTML without its comments."""
    return COMMENT.sub("", html) if "<!--" in html else html


def _words(value: str, used: int) -> str:
    return Header(value, "utf-8", maxlinelen=LINE, header_name="x" * max(used - 2, 0)).encode(linesep="\r\n")


def _folded(value: str, used: int) -> str:
    lines, room = [""], LINE - used
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines, room = [*lines, word], LINE - 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def _body(letter: Letter) -> tuple[str, str, bytes]:
    """Content-Type, Content-Transfer-Encoding ('' for several parts), and the bytes."""
    encoding, text = _encoded(letter.text)
    if letter.html is None:
        return "text/plain; charset=utf-8", encoding, text
    edge = f"=_{letter.message_id.partition('@')[0]}".encode()  # neither encoding can write =_ (RFC 2045 6.7)
    parts = [(b"plain", encoding, text), (b"html", *_encoded(letter.html))]
    body = b"".join(
        b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b\r\n"
        % (edge, subtype, how.encode(), content)
        for subtype, how, content in parts
    )
    return f'multipart/alternative;\r\n boundary="{edge.decode()}"', "", body + b"--%b--\r\n" % edge


def _encoded(text: str) -> tuple[str, bytes]:
    """Quoted-printable, or base64 where a third of the bytes is not ASCII and so that is shorter."""
    raw = "\r\n".join(text.splitlines()).encode("utf-8", "replace") + b"\r\n"
    if 3 * sum(map(len, re.findall(rb"[\x80-\xff]+", raw))) > len(raw):
        coded = base64.b64encode(raw)
        return "base64", b"".join(coded[i : i + LINE] + b"\r\n" for i in range(0, len(coded), LINE))
    coded = binascii.b2a_qp(raw, istext=True)
    return "quoted-printable", re.sub(
        rb"(?m)^From ", b"=46rom ", coded
    )  # mbox would put > before it, and break the signature
