"""Fairlead's mail channel against the bound: smtplib alone, with messages as long that are written already, to the same
aiosmtpd.

Commercial mail in two parts, each message rendered and with its own link to unsubscribe; the relay signs (no DKIM of
ours).
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.peers.course import Course
from bench.peers.fairlead import Project
from bench.peers.process import ROOT, Failed, script, script_path

MESSAGES = 10_000  # at most; aiosmtpd takes some 1,000 a second
CONNECTIONS = 4  # the channel's default
FOOT = "{{ postal_address }} {{ unsubscribe_url }}"
SYNC = {
    "description": "A measurement",
    "mode": "add_only",
    "max_change_share": 1,
    "fields": {"email": "email", "name": "first_name"},
    "options": {
        "subject": "Hello {{ name }}",
        "text": f"Dear {{{{ name }}}},\n\nhere we are.\n\n{FOOT}",
        "connections": CONNECTIONS,
        "html": '<p>Dear {{ name }},</p><p>here we are.</p><p>{{ postal_address }} <a href="{{ unsubscribe_url }}">No '
        "more</a></p>",
    },
}
TOML = """
[channels.smtp.options]
host = "127.0.0.1"
port = {port}
tls = "none"
helo = "bench.example.com"
from_address = "news@example.com"
postal_address = "1 Example Street, Exampleton"
unsubscribe_url = "https://example.com/out/{{token}}"
"""


def measure(course: Course) -> dict[str, Any]:
    """Raises Failed where the channel or aiosmtpd is not there."""
    if not (ROOT / "activation/channels/smtp/__init__.py").is_file() or importlib.util.find_spec("aiosmtpd") is None:
        raise Failed("activation/channels/smtp/__init__.py or the package aiosmtpd is not there")
    messages = min(max(course.rows // 100, 100), MESSAGES)
    with _mail_server() as port:
        project = Project(course.empty("smtp"))
        project.write("smtp", TOML.format(port=port), SYNC)
        outcome = project.build(course, messages).step("push")
        server = script("mail_sender", port, 0, 1, 0).json()
    output, arrived, size = outcome.json(), server["arrived"], round(server["bytes"] / max(server["arrived"], 1))
    with _mail_server() as port:
        bounds = {str(n): script("mail_sender", port, messages, n, size).json() for n in (1, CONNECTIONS)}
    assert (output["accepted"], arrived) == (messages, messages), (
        f"{arrived} of {messages} messages arrived; {output['error']}"
    )
    bound = {connections: round(messages / run["seconds"]) for connections, run in bounds.items()}
    return {
        "messages": messages,
        "bytes_each": size,
        "messages_per_second": round(messages / outcome.seconds),
        "connections": CONNECTIONS,
        "messages_per_second_of_the_call": round(messages / output["seconds"]),
        "seconds": round(outcome.seconds, 2),
        "cpu_seconds": round(outcome.cpu_seconds, 2),
        "peak_mib": outcome.peak_mib,
        "bound_messages_per_second_by_connections": bound,
        "ratio_by_bound": round(messages / output["seconds"] / max(bound.values()), 2),
    }


@contextmanager
def _mail_server() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-P", script_path("mail_server")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
