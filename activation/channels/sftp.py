"""Files on an SFTP server: one immutable CSV a batch, with a manifest as its commit. Set-up: docs/channels/sftp.md.

Names     <folder>/<idempotency key>.csv and <idempotency key>.manifest.json, each written under a name that begins
          with a dot and then renamed. A file without its manifest is of a batch that never arrived. Order: the
          manifests' `written_at`.
Trust     The server's host key is pinned in `host_key`; another key, or none, is never accepted.
Library   asyncssh, for it is one package in Python on the cryptography that is here already, takes the pinned key as
          a value, and knows posix-rename and fsync; paramiko would bring four packages, two of them compiled.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import asyncssh
import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import (
    ANYBODYS,
    AUDIENCE_MODES,
    About,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    NotSent,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.csv_lines import csv_lines, rows_of, unwritable
from core.errors import ConfigError, FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("SFTP", modes=AUDIENCE_MODES | {"append"}, contacts=ANYBODYS, place=("folder",))
LIMITS = Limits(50_000, seconds_per_call=1)  # rows a file: some megabytes; a batch costs one connection
CONNECT_SECONDS, BATCH_SECONDS = 20, 600
logging.getLogger("asyncssh").setLevel(logging.WARNING)  # it logs who logs in where
T = TypeVar("T")


class Account(Spec):
    host: str = ""
    port: int = 22
    user: str = ""
    host_key: str = ""  # as in known_hosts, without the name: ssh-ed25519 AAAA…
    key_env: str | None = "FAIRLEAD_SFTP_KEY"  # the private key's text (OpenSSH or PEM)
    password_env: str | None = "FAIRLEAD_SFTP_PASSWORD"  # the key's passphrase where there is a key


class Options(Spec):
    folder: str = "."  # there already; "." is where the login leads
    spreadsheet_safe: bool = True


def open_channel(settings: Settings, options: Options) -> "Sftp":
    """Raises ConfigError when the host key is not readable as one."""
    vendor_access = access(settings, "sftp", Account, "https://sftp")  # no URL: host, port and user are the address
    words = [vendor_access.missing] if vendor_access.missing else []
    if not vendor_access.secrets:
        words.append(f"neither {vendor_access.account.key_env} nor {vendor_access.account.password_env} is set")
    if vendor_access.account.host_key:
        try:
            asyncssh.import_public_key(vendor_access.account.host_key)
        except asyncssh.KeyImportError:
            raise ConfigError("channels.sftp.options.host_key: not a public key such as `ssh-ed25519 AAAA…`.") from None
    return Sftp(vendor_access, options, not_configured=", ".join(words))


@dataclass(repr=False)
class Sftp:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    not_configured: str = ""

    def push(self, batch: ChangeBatch) -> Results:
        reasons = unwritable(batch.fields)
        bad = pc.is_valid(reasons)
        rows = rows_of(batch).filter(pc.invert(bad))
        if len(rows):
            content = bytes(csv_lines(rows, spreadsheet_safe=self.options.spreadsheet_safe))
            manifest = {
                "sync": batch.sync, "day": str(batch.day), "run": batch.run_id,
                "idempotency_key": batch.idempotency_key,
                "file": f"{batch.idempotency_key}.csv", "columns": rows.column_names,
                "rows": len(rows), "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(), "written_at": datetime.now(UTC).isoformat(),
            }  # fmt: skip
            self._run(lambda sftp: self._write(sftp, batch.idempotency_key, content, manifest))
        return Results.rejecting(bad, reasons)

    async def _write(self, sftp: asyncssh.SFTPClient, key: str, content: bytes, manifest: dict[str, Any]) -> None:
        if await sftp.exists(self._path(f"{key}.manifest.json")):
            return  # it arrived at an earlier try
        await self._put(sftp, f"{key}.csv", content)
        await self._put(sftp, f"{key}.manifest.json", json.dumps(manifest, indent=1).encode())

    async def _put(self, sftp: asyncssh.SFTPClient, name: str, content: bytes) -> None:
        beside, target = self._path(f".{name}.tmp"), self._path(name)
        async with sftp.open(beside, "wb") as file:
            await file.write(content)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):  # an extension of OpenSSH's
                await file.fsync()
        try:
            await sftp.posix_rename(beside, target)
        except asyncssh.SFTPOpUnsupported:  # plain rename does not replace what a broken try may have left
            with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(target)
            await sftp.rename(beside, target)

    def _path(self, name: str) -> str:
        return f"{self.options.folder.rstrip('/') or '/'}/{name}"

    def erase(self, batch: ChangeBatch) -> Results:
        """Files once taken are the reader's: it is told with op `erase`, to forget and not just to take out."""
        return self.push(replace(batch, ops=pa.repeat("erase", len(batch))))

    def look_up(self, idempotency_key: str) -> bool | None:
        """Raises what a push raises; a file that the reader has taken away with its manifest is not known any more."""
        return self._run(lambda sftp: sftp.exists(self._path(f"{idempotency_key}.manifest.json")))

    def place(self, sync: str, day: date) -> str:
        return f"{self.access.account.host}:{self._path(f'{sync}.{day}.*.csv')}"

    def read_mark(self, sync: str) -> bytes | None:
        """Its name begins with a dot, as what is not for the reader does; the folder may be several syncs'."""
        return self._run(lambda sftp: self._mark(sftp, f".fairlead-mark.{sync}.json"))

    async def _mark(self, sftp: asyncssh.SFTPClient, name: str) -> bytes | None:
        if not await sftp.exists(self._path(name)):
            return None
        async with sftp.open(self._path(name), "rb") as file:
            content = await file.read()
        return content.encode() if isinstance(content, str) else content

    def write_mark(self, sync: str, text: str) -> None:
        self._run(lambda sftp: self._put(sftp, f".fairlead-mark.{sync}.json", text.encode()))

    def check(self) -> Health:
        try:
            exists = self._run(lambda sftp: sftp.isdir(self.options.folder))
        except (CallFailed, FatalError) as error:
            return Health(False, str(error))
        return Health(exists, "the server answers" if exists else "the folder of the sync's options is not there")

    def _run(self, work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, T]]) -> T:
        async def session() -> T:
            async with self._connected() as sftp:
                return await work(sftp)

        with _trouble():
            return asyncio.run(asyncio.wait_for(session(), BATCH_SECONDS))

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncssh.SFTPClient]:
        account, secrets = self.access.account, self.access.secrets
        key, password = secrets.get("key"), secrets.get("password")
        try:
            connection = await asyncssh.connect(
                account.host, account.port, username=account.user, config=None,
                agent_path=None, x509_trusted_certs=None,
                known_hosts=([asyncssh.import_public_key(account.host_key)], [], []),
                client_keys=[asyncssh.import_private_key(key, password)] if key else None,
                password=None if key else password, connect_timeout=CONNECT_SECONDS, login_timeout=CONNECT_SECONDS,
            )  # fmt: skip
        except (OSError, TimeoutError, asyncssh.ConnectionLost) as error:
            raise NotSent(f"sftp: no connection ({type(error).__name__})") from None
        async with connection, connection.start_sftp_client() as sftp:
            yield sftp


@contextlib.contextmanager
def _trouble() -> Iterator[None]:
    """The server's failures in the loop's own words; its texts may hold names, so they are left out."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable:
        raise FatalError(
            "sftp: the server's host key is not the pinned one. Ask its owner before you change host_key."
        ) from None
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise FatalError(f"sftp: {type(error).__name__}. Check user, key and password.") from None
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
        raise FatalError(f"sftp: {type(error).__name__}. Check the folder and the right to write there.") from None
    except (asyncssh.Error, TimeoutError, OSError) as error:
        raise MaybeSent(f"sftp: {type(error).__name__}") from None
