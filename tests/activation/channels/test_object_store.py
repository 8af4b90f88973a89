"""What is special to object stores: one object a batch, the manifest as commit; on a folder, in memory, on S3."""

import gzip
import hashlib
import json

import fsspec
import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import ValidationError
from support import servers

from activation.channel import MaybeSent
from activation.channels import object_store
from activation.channels.object_store.files import put
from activation.delivery import usual
from core.errors import FatalError
from core.settings import load_settings
from tests.activation.channels.opened import changes, settled, statuses

DAY = "2026-01-15"


def channel(folder, url, endpoint="", storage=None, **options):
    section = {"url": endpoint, "options": {"storage": storage or {}}}
    settings = load_settings(home=folder, channels={"object_store": section})
    return object_store.open_channel(settings, object_store.Options(url=url, **options))


def two(**more):
    return changes(email=["a@example.com", "b@example.com"], value=[1.5, None], **more)


def objects(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_a_batch_is_one_object_named_by_its_key_and_its_manifest_proves_its_bytes(tmp_path):
    store = channel(tmp_path, f"file://{tmp_path}/drop")
    assert statuses(store, two()) == ["accepted"] * 2
    folder = tmp_path / "drop" / "loyal__test" / DAY
    assert objects(folder) == ["_manifest.run.json", f"loyal__test.{DAY}.run1.csv"]
    entry = json.loads((folder / "_manifest.run.json").read_text())["objects"][0]
    content = (folder / entry["object"]).read_bytes()
    assert (entry["rows"], entry["bytes"]) == (2, len(content)) and entry["sha256"] == hashlib.sha256(
        content
    ).hexdigest()


def test_the_same_batch_again_is_the_same_object_and_stands_once_in_the_manifest(tmp_path, monkeypatch):
    store = channel(tmp_path, f"file://{tmp_path}/drop", gzip=True)
    statuses(store, two())
    before = {p.name: p.read_bytes() for p in (tmp_path / "drop").rglob("*") if p.is_file()}
    monkeypatch.setattr("time.time", lambda: 2e9)
    statuses(store, two())
    assert {p.name: p.read_bytes() for p in (tmp_path / "drop").rglob("*") if p.is_file()} == before


def test_an_object_without_its_manifest_has_not_arrived(tmp_path):
    store = channel(tmp_path, f"file://{tmp_path}/drop")
    statuses(store, two())
    statuses(store, two(key="run2"))
    assert store.look_up(f"loyal__test.{DAY}.run1") is True
    manifest = next((tmp_path / "drop").rglob("_manifest.*"))
    kept = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**kept, "objects": kept["objects"][1:]}))
    assert store.look_up(f"loyal__test.{DAY}.run1") is False
    assert store.look_up(f"loyal__test.{DAY}.run2") is True


def test_the_parts_of_a_split_batch_are_objects_of_their_own(tmp_path):
    store = channel(tmp_path, f"file://{tmp_path}/drop")
    for part in ("run1-0+1", "run1-1+1"):
        statuses(store, two(key=part))
    assert len([n for n in objects(tmp_path / "drop") if n.endswith(".csv")]) == 2


@pytest.mark.parametrize(
    ("form", "zipped"), [("csv", False), ("csv", True), ("jsonl", False), ("jsonl", True), ("parquet", False)]
)
def test_every_format_can_be_read_back(tmp_path, form, zipped):
    store = channel(tmp_path, f"file://{tmp_path}/drop", format=form, gzip=zipped)
    statuses(store, two())
    path = next(p for p in (tmp_path / "drop").rglob("*run1*"))
    assert path.name.endswith(f".{form}.gz" if zipped else f".{form}")
    content = gzip.decompress(path.read_bytes()) if zipped else path.read_bytes()
    if form == "csv":
        assert (
            content
            == b'"op","person_id","email","value"\n"add","p0","a@example.com",1.5\n"add","p1","b@example.com",\n'
        )
    elif form == "jsonl":
        row = {"op": "add", "person_id": "p1", "email": "b@example.com", "value": None}
        assert [json.loads(line) for line in content.splitlines()][1] == row
    else:
        read = parquet.read_table(path)
        assert read.column("value").to_pylist() == [1.5, None] and read.schema.field("value").type == pa.float64()


def test_parquet_is_not_zipped_twice():
    with pytest.raises(ValidationError, match="leave gzip out"):
        object_store.Options(url="file:///x", format="parquet", gzip=True)


def test_a_formula_is_made_harmless_in_csv_only_and_a_nul_is_refused_there_only(tmp_path):
    rows = changes(email=["a@example.com", "b@example.com"], first_name=["=1+1", "a\x00b"])
    csv, lines = (channel(tmp_path, f"file://{tmp_path}/{form}", format=form) for form in ("csv", "jsonl"))
    assert settled(csv, rows) == [("accepted", None), ("rejected", "field first_name holds a NUL character")]
    assert statuses(lines, rows) == ["accepted"] * 2
    assert '"\'=1+1"' in next((tmp_path / "csv").rglob("*.csv")).read_text()
    assert '"=1+1"' in next((tmp_path / "jsonl").rglob("*.jsonl")).read_text()


def test_an_erasure_is_told_with_a_word_of_its_own(tmp_path):
    store = channel(tmp_path, f"file://{tmp_path}/drop")
    store.erase(changes("remove", email=["a@example.com"]))
    assert '"erase","p0"' in next((tmp_path / "drop").rglob("*.csv")).read_text()


def test_a_store_without_its_package_is_off_and_says_so(tmp_path):
    assert "nowhere" in usual.missing(channel(tmp_path, "nowhere://bucket/x"))


def test_any_fsspec_store_will_do(tmp_path):
    store = channel(tmp_path, "memory://drop")
    assert statuses(store, two(key="memory")) == ["accepted"] * 2
    assert fsspec.filesystem("memory").exists(f"/drop/loyal__test/{DAY}/loyal__test.{DAY}.memory.csv")
    assert store.look_up(f"loyal__test.{DAY}.memory") and store.check().ok


def test_a_folder_that_cannot_be_written_ends_the_sync(tmp_path):
    (tmp_path / "drop").write_text("a file stands where the folder should")
    store = channel(tmp_path, f"file://{tmp_path}/drop/below")
    with pytest.raises(FatalError, match="Check the bucket"):
        store.push(two())


@pytest.fixture(scope="module")
def s3():
    with servers.s3() as address:
        yield address


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("FAIRLEAD_OBJECT_STORE_KEY", "any")
    monkeypatch.setenv("FAIRLEAD_OBJECT_STORE_SECRET", "any-secret")


def test_an_s3_takes_batches_lists_them_and_knows_them_after_a_restart(s3, keys, tmp_path):
    for key in ("run1", "run2", "run1"):
        assert statuses(channel(tmp_path, "s3://drop/fairlead", s3), two(key=key)) == ["accepted"] * 2
    later = channel(tmp_path, "s3://drop/fairlead", s3)
    assert later.look_up(f"loyal__test.{DAY}.run2") is True
    assert later.look_up(f"loyal__test.{DAY}.run3") is False
    manifest = json.loads(later.store.cat_file(f"drop/fairlead/loyal__test/{DAY}/_manifest.run.json"))
    assert [o["idempotency_key"][-4:] for o in manifest["objects"]] == ["run1", "run2"]
    assert later.check().ok and "any-secret" not in repr(later)


def test_a_bucket_that_is_not_there_ends_the_sync_and_fails_the_check(s3, keys, tmp_path):
    store = channel(tmp_path, "s3://elsewhere/fairlead", s3)
    with pytest.raises(FatalError):
        store.push(two())
    assert not store.check().ok


def test_an_s3_that_does_not_answer_may_be_asked_again(keys, tmp_path):
    quick = {"config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 1}}
    store = channel(tmp_path, "s3://drop/fairlead", f"http://127.0.0.1:{servers.free_port()}", quick)
    with pytest.raises(MaybeSent):
        store.push(two())


def test_on_a_disk_a_file_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    store = fsspec.filesystem("file")
    monkeypatch.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError("no power")))
    with pytest.raises(OSError, match="no power"):
        put(store, f"{tmp_path}/a.csv", b"half")
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("content", [b"{", b"null", b"\xff", b'{"sync": "x", "objects": [5]}'])
def test_a_damaged_manifest_is_named_and_left_and_stops_neither_the_run_nor_the_next(tmp_path, content):
    store = channel(tmp_path, f"file://{tmp_path}/drop")
    statuses(store, two())
    assert store.faults("loyal__test") == []
    folder = tmp_path / "drop" / "loyal__test" / DAY
    (folder / "_manifest.run.json").write_bytes(content)
    assert store.faults("loyal__test") == [f"loyal__test/{DAY}/_manifest.run.json cannot be read as a manifest"]
    assert store.look_up(f"loyal__test.{DAY}.run1") is None, "nobody can say"
    assert statuses(store, two(key="run2")) == ["accepted"] * 2
    assert (folder / "_manifest.run.json").read_bytes() == content, "left as it is, for who looks for it"
    assert store.look_up(f"loyal__test.{DAY}.run2") is True


def test_objects_without_their_manifest_and_a_manifest_without_its_object_are_named(tmp_path):
    store = channel(tmp_path, f"file://{tmp_path}/drop")
    statuses(store, two())
    folder = tmp_path / "drop" / "loyal__test" / DAY
    (data,) = folder.glob("*.csv")
    text = data.read_text()
    data.write_text("cut")
    assert store.faults("loyal__test") == [f"loyal__test/{DAY}/{data.name} is shorter than its manifest says"]
    data.unlink()
    assert store.faults("loyal__test") == [f"loyal__test/{DAY}/{data.name} is gone, and its manifest is not"]
    data.write_text(text)
    (folder / "_manifest.run.json").unlink()
    assert store.faults("loyal__test") == [f"loyal__test/{DAY} holds objects without a _manifest.*.json"]
    assert store.faults("nothing__test") == []
