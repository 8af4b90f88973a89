"""docker-compose.yml without Docker: valid by the Compose schema, every command runs and turns healthy."""

import contextlib
import os
import re
import signal
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
import yaml
from support import servers
from support.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GIVEN = {
    "POSTGRES_PASSWORD": "pw", "AIRFLOW_SECRET_KEY": "s" * 40,
    "AIRFLOW_FERNET_KEY": "Zm9yLXRlc3RzLW9ubHktMzItYnl0ZXMtbG9uZy1rZXkxMjM=",
    "AIRFLOW_EXECUTOR": "LocalExecutor", "FAIRLEAD_TIME_ZONE": "Europe/London",
}  # fmt: skip
AIRFLOW = ["api-server", "scheduler", "dag-processor", "triggerer"]


def interpolated(text: str) -> str:
    """What Compose makes of ${NAME:-default} and ${NAME:?message}."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        assert name in GIVEN or kind != ":?", f"{name} is required"
        return GIVEN.get(name, rest or "")

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


class Machine:
    """One machine in place of the containers: their host names are this host's ports."""

    def __init__(self, home: Path, **ports: int) -> None:
        self.home, self.ports = (
            home,
            {"api-server:8080": free_port(), "8025": free_port(), "5000": free_port(), **ports},
        )

    def native(self, text: str) -> str:
        text = interpolated(text).replace("/opt/fairlead", str(ROOT)).replace("/var/lib/fairlead", str(self.home))
        for place, port in self.ports.items():
            host, _, inner = place.rpartition(":")
            for name in filter(None, (host, "localhost", "0.0.0.0")):
                text = text.replace(f"{name}:{inner}", f"127.0.0.1:{port}")
            text = str(port) if text == inner else text.replace(f"'localhost', {inner},", f"'localhost', {port},")
        return text.replace("0.0.0.0", "127.0.0.1")

    def environment(self, service: str) -> dict[str, str]:
        own = {name: self.native(str(value)) for name, value in SERVICES[service].get("environment", {}).items()}
        own |= {
            "FAIRLEAD_HOME": str(self.home), "AIRFLOW_HOME": str(self.home / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }  # fmt: skip
        return {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "FAIRLEAD"))} | own

    def start(self, service: str) -> subprocess.Popen[bytes]:
        words = [self.native(word) for word in SERVICES[service]["command"]]
        log = (self.home / f"{service}.log").open("wb")
        return subprocess.Popen(
            words, env=self.environment(service), cwd=self.home, stdout=log, stderr=log, start_new_session=True
        )

    def healthy(self, service: str) -> bool:
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        asked = subprocess.run(
            [self.native(w) for w in words],
            env=self.environment(service),
            cwd=self.home,
            capture_output=True,
            timeout=60,
        )
        return asked.returncode == 0

    @contextlib.contextmanager
    def running(self, *services: str, seconds: float = 120) -> Iterator[None]:
        processes = {service: self.start(service) for service in services}
        try:
            end = time.monotonic() + seconds
            for service in services:
                while not self.healthy(service):
                    assert processes[service].poll() is None, (self.home / f"{service}.log").read_text()[-3000:]
                    assert time.monotonic() < end, f"{service} is not healthy after {seconds} s"
                    time.sleep(1)
            yield
        finally:
            for process in processes.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            for process in processes.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(15)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def metadata(postgres_server: int) -> int:
    """A server with the user and the database that the file names; its port."""
    connection = psycopg2.connect(host="127.0.0.1", port=postgres_server, user="fairlead", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("drop database if exists airflow with (force)")
        cursor.execute("drop role if exists airflow")
        cursor.execute("create role airflow superuser login")
        cursor.execute("create database airflow owner airflow")
    connection.close()
    return postgres_server


@pytest.fixture
def broker() -> Iterator[int]:
    with servers.redis() as port:
        yield port


def test_the_file_is_valid_by_the_compose_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_every_part_each_with_a_health_check_or_an_end() -> None:
    assert set(SERVICES) == {"postgres", "redis", "init", *AIRFLOW, "worker", "smtp", "s3"}
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "init")


def test_the_images_targets_are_stages_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert {service["build"]["target"] for service in SERVICES.values() if "build" in service} == stages


def test_no_secret_and_no_package_index_stands_in_the_files() -> None:
    for file in ("docker-compose.yml", "Dockerfile"):
        text = (ROOT / file).read_text()
        assert not re.search(r"index-url|trusted-host|find-links", text), file
        for name, value in re.findall(r"(\w*(?:PASSWORD|SECRET|KEY)\w*): (\S+)", text):
            assert value.startswith("${"), f"{file}: {name} must come from the environment"


def test_the_mail_sink_takes_a_mail(machine: Machine) -> None:
    with machine.running("smtp"):
        with smtplib.SMTP("127.0.0.1", machine.ports["8025"], timeout=10) as smtp:
            smtp.sendmail("a@example.com", ["b@example.com"], "Subject: seen\r\n\r\nhello")
        time.sleep(0.5)
    assert "Subject: seen" in (machine.home / "smtp.log").read_text()


def test_the_s3_stand_in_keeps_an_object(machine: Machine) -> None:
    with machine.running("s3"):
        keys = {"aws_access_key_id": "stand-in", "aws_secret_access_key": "stand-in", "region_name": "us-east-1"}
        s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{machine.ports['5000']}", **keys)
        s3.create_bucket(Bucket="outbox")
        s3.put_object(Bucket="outbox", Key="a.csv", Body=b"email\n")
        assert s3.get_object(Bucket="outbox", Key="a.csv")["Body"].read() == b"email\n"


@pytest.mark.airflow
def test_airflow_stands_up_on_postgresql_with_the_files_commands(tmp_path: Path, metadata: int) -> None:
    machine = Machine(tmp_path, **{"postgres:5432": metadata})
    init = machine.start("init")
    assert init.wait(120) == 0, (tmp_path / "init.log").read_text()[-3000:]
    with machine.running(*AIRFLOW, seconds=240):
        url = f"http://127.0.0.1:{machine.ports['api-server:8080']}/api/v2/monitor/health"
        said = urllib.request.urlopen(url, timeout=10).read().decode()
        assert said.count('"healthy"') >= 3, said


@pytest.mark.airflow
def test_the_worker_takes_its_place_on_the_broker(tmp_path: Path, broker: int, metadata: int) -> None:
    machine = Machine(tmp_path, **{"postgres:5432": metadata, "redis:6379": broker})
    init = machine.start("init")
    assert init.wait(120) == 0, (tmp_path / "init.log").read_text()[-3000:]
    with machine.running("worker", seconds=180):
        pass
