"""What is special to SFTP, against a real sshd: the pinned host key, whole files, the manifest as commit."""

import asyncio
import hashlib
import json

import asyncssh
import pytest
from support import ssh_server

from activation.channel import NotSent
from activation.channels import sftp
from activation.delivery import usual
from core.errors import ConfigError, FatalError
from core.settings import load_settings
from tests.activation.channels.opened import changes, settled, statuses

KEY = ssh_server.new_key()
BATCH = "loyal__test.2026-01-15.run1"


@pytest.fixture(scope="module")
def server():
    with ssh_server.sshd(KEY) as running:
        yield running


@pytest.fixture
def drop(server, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_SFTP_KEY", KEY)
    for path in server.folder.iterdir():
        path.unlink()
    return server.folder


def channel(server, tmp_path, options=None, **account):
    settings = load_settings(home=tmp_path, channels={"sftp": {"options": server.account(**account)}})
    return sftp.open_channel(settings, sftp.Options(**{"folder": str(server.folder), **(options or {})}))


def two(**more):
    return changes(email=["a@example.com", "b@example.com"], first_name=["=1+1", "Zoë"], **more)


def names(drop):
    return sorted(p.name for p in drop.iterdir())


def test_a_batch_is_one_file_and_its_manifest_and_nothing_half_stays(server, drop, tmp_path):
    assert statuses(channel(server, tmp_path), two()) == ["accepted"] * 2
    assert names(drop) == [f"{BATCH}.csv", f"{BATCH}.manifest.json"]
    about, content = json.loads((drop / f"{BATCH}.manifest.json").read_text()), (drop / f"{BATCH}.csv").read_bytes()
    assert (about["rows"], about["bytes"], about["sha256"]) == (2, len(content), hashlib.sha256(content).hexdigest())
    assert '"\'=1+1"' in content.decode() and "Zoë" in content.decode()


def test_a_file_once_committed_is_not_written_again(server, drop, tmp_path):
    store = channel(server, tmp_path)
    statuses(store, two())
    (drop / f"{BATCH}.csv").write_text("the reader's now")
    assert statuses(store, two()) == ["accepted"] * 2
    assert (drop / f"{BATCH}.csv").read_text() == "the reader's now"


def test_what_a_broken_try_left_behind_is_replaced(server, drop, tmp_path):
    for leftover in (f".{BATCH}.csv.tmp", f"{BATCH}.csv"):
        (drop / leftover).write_text("half, and longer than what will be written" * 50)
    store = channel(server, tmp_path)
    assert store.look_up(BATCH) is False
    assert statuses(store, two()) == ["accepted"] * 2
    assert "half" not in (drop / f"{BATCH}.csv").read_text() and store.look_up(BATCH) is True


def test_a_server_without_posix_rename_is_served_too(server, drop, tmp_path, monkeypatch):
    async def unsupported(*_):
        raise asyncssh.SFTPOpUnsupported("no extensions")

    monkeypatch.setattr(asyncssh.SFTPClient, "posix_rename", unsupported)
    (drop / f"{BATCH}.csv").write_text("left by a broken try")
    assert statuses(channel(server, tmp_path), two()) == ["accepted"] * 2
    assert "left" not in (drop / f"{BATCH}.csv").read_text() and len(names(drop)) == 2


def test_another_host_key_than_the_pinned_one_ends_the_sync_before_anything_is_sent(server, drop, tmp_path):
    store = channel(server, tmp_path, host_key=ssh_server.public(ssh_server.new_key()))
    with pytest.raises(FatalError, match="not the pinned one"):
        store.push(two())
    assert not names(drop) and not store.check().ok


def test_without_a_host_key_the_channel_is_off(server, drop, tmp_path):
    assert "host_key is empty" in usual.missing(channel(server, tmp_path, host_key=""))


def test_a_host_key_that_is_none_is_told_when_the_sync_is_opened(server, drop, tmp_path):
    with pytest.raises(ConfigError, match="not a public key"):
        channel(server, tmp_path, host_key="aa:bb:cc")


def test_a_key_that_may_not_log_in_ends_the_sync(server, drop, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_SFTP_KEY", ssh_server.new_key())
    with pytest.raises(FatalError, match="Check user, key and password"):
        channel(server, tmp_path).push(two())


def test_a_key_that_cannot_be_read_ends_the_sync_and_is_not_shown(server, drop, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_SFTP_KEY", "not a key at all")
    with pytest.raises(FatalError) as told:
        channel(server, tmp_path).push(two())
    assert "not a key at all" not in str(told.value)


def test_a_folder_that_is_not_there_ends_the_sync_and_fails_the_check(server, drop, tmp_path):
    store = channel(server, tmp_path, {"folder": str(drop / "missing")})
    with pytest.raises(FatalError, match="Check the folder"):
        store.push(two())
    assert not store.check().ok


def test_a_server_that_is_down_had_nothing_for_sure(server, drop, tmp_path):
    with pytest.raises(NotSent, match="no connection"):
        channel(server, tmp_path, port=ssh_server.servers.free_port()).push(two())


def test_a_row_with_a_nul_is_rejected_and_the_others_go(server, drop, tmp_path):
    rows = changes(email=["a@example.com", "b@example.com"], first_name=["a\x00b", "Zoë"])
    assert settled(channel(server, tmp_path), rows) == [
        ("rejected", "field first_name holds a NUL character"),
        ("accepted", None),
    ]


def test_a_password_logs_in_where_the_server_asks_for_one(tmp_path, monkeypatch):
    """The sshd of these tests may not read the system's passwords, so a small server of asyncssh's own stands in."""
    (tmp_path / "drop").mkdir()
    host_key = ssh_server.new_key()
    monkeypatch.setenv("FAIRLEAD_SFTP_PASSWORD", "a-test-password")

    class Login(asyncssh.SSHServer):
        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            return (username, password) == ("fairlead", "a-test-password")

    async def serving(work):
        key = asyncssh.import_private_key(host_key)
        async with asyncssh.listen(
            "127.0.0.1", 0, server_factory=Login, server_host_keys=[key], sftp_factory=True
        ) as listener:
            return await asyncio.to_thread(work, listener.get_port())

    def work(port):
        server = ssh_server.Sshd(port, "fairlead", ssh_server.public(host_key), "", tmp_path / "drop")
        return statuses(channel(server, tmp_path), two())

    assert asyncio.run(serving(work)) == ["accepted"] * 2
    assert len(names(tmp_path / "drop")) == 2
