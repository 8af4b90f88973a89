"""A real sshd on a free port of 127.0.0.1 that speaks SFTP alone; ended by its process id.

It runs as ourselves: any other user than root's sshd can log in nobody but the user it runs as.
"""

import contextlib
import os
import pwd
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from support import servers

CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""


@dataclass
class Sshd:
    port: int
    user: str
    host_key: str  # public
    key: str  # the private key that may log in
    folder: Path  # where files may be put

    def account(self, **other):
        """What stands in [channels.sftp.options]."""
        return {"host": "127.0.0.1", "port": self.port, "user": self.user, "host_key": self.host_key, **other}


def new_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def public(key: str) -> str:
    return asyncssh.import_private_key(key).export_public_key().decode().strip()


@contextlib.contextmanager
def sshd(key: str) -> Iterator[Sshd]:
    """key   the private key that may log in; skipped where openssh-server is not installed."""
    server, port, host_key = servers.program("sshd"), servers.free_port(), new_key()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as the service does; root's sshd will not start without
    with servers.folder_of(None) as folder:
        (folder / "drop").mkdir()
        texts = {
            "host_key": host_key,
            "authorized_keys": public(key) + "\n",
            "config": CONFIG.format(port=port, folder=folder),
        }
        for name, text in texts.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)

        def ready() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        with servers.running([server, "-D", "-e", "-f", folder / "config"], ready):
            yield Sshd(port, pwd.getpwuid(os.geteuid()).pw_name, public(host_key), key, folder / "drop")
