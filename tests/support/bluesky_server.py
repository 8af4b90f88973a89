"""A real atproto server for tests: `@atproto/dev-env` from npm, installed once into a cache outside the repository,
ended by its process id.

The first time takes minutes (360 MB, and a C++ module is built where no binary fits); afterwards the server is up in
ten seconds.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.servers import free_port, running

PACKAGE, VERSION = "@atproto/dev-env", "0.3.215"  # the newest that runs on Node 18 and 20
AS_OF = "2026-11-15"  # what it depends on is taken as it was on that day
HANDLE, PASSWORD = "fairleadpress.test", "a-test-password"  # a server of tests takes handles under .test
INSTALL_WITHIN_SECONDS = 800  # less than a test's own time, so that the reason is told
START = """
const { TestNetworkNoAppView } = require('@atproto/dev-env');
(async () => {
  const [port, ready, handle, password] = process.argv.slice(2);
  const network = await TestNetworkNoAppView.create({ pds: { port: Number(port) } });
  const server = network.pds.getClient().api.com.atproto.server;
  const account = await server.createAccount({ handle, password, email: 'press@example.com' });
  require('fs').writeFileSync(ready, JSON.stringify({ url: network.pds.url, did: account.data.did }));
})().catch((error) => { console.error(error); process.exit(1); });
"""
FACETS = """
const { RichText } = require('@atproto/api');
const found = JSON.parse(process.argv[1]).map((text) => {
  const rich = new RichText({ text });
  rich.detectFacetsWithoutResolution();
  return { graphemes: rich.graphemeLength, facets: rich.facets || [] };
});
console.log(JSON.stringify(found));
"""


@dataclass(frozen=True)
class Server:
    url: str
    did: str
    folder: Path

    def facets(self, texts: list[str]) -> list[dict]:
        """What the official client finds in texts; a mention has its handle where the DID would stand."""
        process = subprocess.run(
            ["node", "-e", FACETS, "--", json.dumps(texts)], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return json.loads(process.stdout)


@contextlib.contextmanager
def bluesky() -> Iterator[Server]:
    """A data server with one account, and nothing else of the network."""
    folder = installed()
    ready = folder / f"ready-{os.getpid()}.json"
    ready.unlink(missing_ok=True)
    start = folder / "start.js"
    start.write_text(START)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PDS_", "LOG_"))} | {"LOG_ENABLED": "false"}
    command = ["node", start, free_port(), ready, HANDLE, PASSWORD]
    try:
        with running(command, lambda: ready.is_file() and ready.stat().st_size > 0, cwd=folder, env=environment):
            yield Server(folder=folder, **json.loads(ready.read_text()))
    finally:
        ready.unlink(missing_ok=True)


def installed() -> Path:
    """The folder with the package; the test is skipped, with the reason, where it cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed on this machine")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairlead-tests"
    folder = cache / f"atproto-dev-env-{VERSION}"
    if (folder / "complete").is_file():
        return folder
    beside = cache / f"{folder.name}.{os.getpid()}"
    beside.mkdir(parents=True)
    (beside / "package.json").write_text('{"private": true}')
    try:
        command = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--omit=dev",
            "--loglevel=error",
            "--fetch-retries=1",  # a registry that is not there is given up in seconds, not in minutes
            "--fetch-timeout=20000",
            f"{PACKAGE}@{VERSION}",
        ]
        code, errors = _run(command, beside)
        if code != 0:
            pytest.skip(f"{PACKAGE} cannot be had from npm here: {(errors.strip().splitlines() or ['?'])[-1][:200]}")
        (beside / "complete").touch()
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{PACKAGE} was not installed within {INSTALL_WITHIN_SECONDS} s")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _run(command: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and errors. Raises subprocess.TimeoutExpired, and then whatever npm has started has ended too."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, text=True, start_new_session=True
        )
        try:
            code = process.wait(INSTALL_WITHIN_SECONDS)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        errors.seek(0)
        return code, errors.read()
