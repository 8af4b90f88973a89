"""A real postfix for tests: its own configuration, queue and mailboxes in a folder of its own, ended by its process id.

Debian: `apt-get install postfix`; its own instance need not run. Its master starts as root only.
"""

import contextlib
import email
import email.policy
import os
import pwd
import smtplib
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from support.servers import PLACES, folder_of, free_port, program, running

DAEMONS = Path("/usr/lib/postfix/sbin")
USER = "nobody"  # whom the mailboxes belong to
SERVICES = """\
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
tlsmgr    unix  - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """Mail for the addresses it was started with lands in `mail`; anybody else at example.com is unknown there."""

    port: int
    mail: Path

    def letters(self, address: str, count: int, within_seconds: float = 20) -> list[EmailMessage]:
        """What lies in the mailbox, once there are so many: delivery comes after the answer."""
        end = time.monotonic() + within_seconds
        while True:
            mails = sorted((self.mail / address / "new").glob("*"))
            if len(mails) >= count or time.monotonic() > end:
                return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in mails]
            time.sleep(0.05)


@contextlib.contextmanager
def postfix(
    addresses: list[str], replies: Mapping[str, str] | None = None, pem: str = "", **settings: str
) -> Iterator[Postfix]:
    """addresses   whose mail it keeps
    replies     address -> what it answers to RCPT, e.g. `450 4.2.0 greylisted`
    pem         a key and a certificate in one, for STARTTLS
    settings    further lines of main.cf
    """
    if not any((place / "postfix").is_file() for place in PLACES) or not (DAEMONS / "master").is_file():
        pytest.skip("postfix is not installed on this machine (apt-get install postfix)")
    if os.geteuid() != 0:
        pytest.skip("postfix starts as root only")
    port = free_port()
    with folder_of(None) as folder:
        folder.chmod(0o755)  # its daemons are several users
        mail = _written(folder, port, addresses, replies or {}, pem, settings)
        check = [program("postfix"), "-c", folder / "etc"]
        command = [DAEMONS / "master", "-c", folder / "etc", "-s"]
        _prepared([*check, "check"])
        with running(command, lambda: _answers(port), env={**os.environ, "MAIL_CONFIG": str(folder / "etc")}):
            yield Postfix(port, mail)


def _written(
    folder: Path, port: int, addresses: list[str], replies: Mapping[str, str], pem: str, settings: Mapping[str, str]
) -> Path:
    etc, queue, data, mail = (folder / name for name in ("etc", "queue", "data", "mail"))
    for place in (etc, queue, data, mail):
        place.mkdir()
    owner = pwd.getpwnam("postfix")
    os.chown(data, owner.pw_uid, owner.pw_gid)
    box = pwd.getpwnam(USER)
    os.chown(mail, box.pw_uid, box.pw_gid)
    (etc / "boxes").write_text("".join(f"{a} {a}/\n" for a in addresses))
    (etc / "replies").write_text("".join(f"{a} {answer}\n" for a, answer in replies.items()))
    lines = {
        "compatibility_level": "3.6", "queue_directory": str(queue), "data_directory": str(data),
        "daemon_directory": str(DAEMONS), "command_directory": "/usr/sbin", "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "myhostname": "mx.example.com", "mydestination": "", "mynetworks": "", "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4", "alias_maps": "", "alias_database": "", "smtputf8_enable": "no",
        "disable_dns_lookups": "yes",
        "virtual_mailbox_domains": ", ".join(sorted({a.rpartition("@")[2] for a in addresses})),
        "virtual_mailbox_base": str(mail), "virtual_mailbox_maps": f"texthash:{etc}/boxes",
        "virtual_uid_maps": f"static:{box.pw_uid}", "virtual_gid_maps": f"static:{box.pw_gid}",
        "virtual_minimum_uid": "1",
        "smtpd_relay_restrictions": "reject_unauth_destination", "smtpd_error_sleep_time": "0",
        "smtpd_recipient_restrictions": f"check_recipient_access texthash:{etc}/replies",
        "maillog_file": str(folder / "log"), "maillog_file_prefixes": str(folder.parent), **settings,
    }  # fmt: skip
    if pem:
        (etc / "tls.pem").write_text(pem)
        (etc / "tls.pem").chmod(0o600)
        lines |= {"smtpd_tls_security_level": "encrypt", "smtpd_tls_chain_files": str(etc / "tls.pem")}
    (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    (etc / "master.cf").write_text(f"127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}")
    return mail


def _prepared(command: list[object]) -> None:
    """`postfix check` makes the queue's folders with the rights that they need."""
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-2000:]


def _answers(port: int) -> bool:
    with (
        contextlib.suppress(OSError, smtplib.SMTPException),
        smtplib.SMTP("127.0.0.1", port, "here.example.com", timeout=2),
    ):
        return True
    return False
