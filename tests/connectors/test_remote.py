"""Files that lie elsewhere: an S3 bucket by fsspec, its days, its gzip, its high-water mark, and what happens when it
is away.
"""

import gzip
from collections.abc import Iterator
from datetime import date

import boto3
import pytest
from support import servers

DAY = date(2026, 3, 2)
HEADER = "id,name,email,born,seen_at,spent,kind\n"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    with servers.s3() as address:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield boto3.resource("s3").Bucket("drop")


def test_a_days_file_in_a_bucket_lands_and_a_second_pull_changes_nothing(project, bucket):
    project.source().settings_given = {"sources": {"people": {"path": "s3://drop/in"}}}
    bucket.put_object(Key=f"in/{DAY}.csv", Body=f"{HEADER}1,Ann,A@b.co,,,,\nx,Bo,,,,,\n".encode())
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_rejected"]) == (2, 1, 1)
    assert project.raw()[0]["_origin"] == f"{DAY}.csv" and project.raw()[0]["email__normalised"] == "a@b.co"
    assert project.pull()["rows_unchanged"] == 1


def test_a_glob_in_a_bucket_takes_new_and_changed_objects_alone(project, bucket):
    source = """
description: Drops
tables:
  people:
    kind: files
    pattern: "drops/*.csv.gz"
    columns: {id: {type: integer, required: true}, name: text}
"""
    project.source(source).settings_given = {"sources": {"people": {"path": "s3://drop"}}}
    bucket.put_object(Key="drops/a.csv.gz", Body=gzip.compress(b"id,name\n1,Ann\n"))
    assert project.pull()["rows_landed"] == 1
    bucket.put_object(Key="drops/b.csv.gz", Body=gzip.compress(b"id,name\n2,Bo\n"))
    entry = project.pull(date(2026, 3, 3))
    assert (entry["rows_in"], entry["rows_landed"]) == (1, 1), "a file that was seen is not read again"
    bucket.put_object(Key="drops/a.csv.gz", Body=gzip.compress(b"id,name\n1,Ann\n3,Cy\n"))
    assert project.pull(date(2026, 3, 4))["rows_landed"] == 1
    assert [r["id"] for r in project.raw()] == [1, 3, 2]


def test_a_bucket_that_is_not_there_fails_and_names_no_secret(project, bucket):
    project.source().settings_given = {"sources": {"people": {"path": "s3://nowhere/in"}}}
    entry = project.pull()
    assert entry["error_kind"] == "RetryableError" and "does not exist" in entry["error"]


def test_a_storage_that_is_away_is_an_error_to_retry(project, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "hush",
    }.items():
        monkeypatch.setenv(name, value)
    project.source().settings_given = {"sources": {"people": {"path": "s3://drop/in"}}}
    entry = project.pull()
    assert (
        entry["error_kind"] == "RetryableError" and "cannot be reached" in entry["error"] and "hush" not in str(entry)
    )


def test_what_a_storage_says_is_told_without_the_name_that_holds_a_secret(project):
    project.source().settings_given = {"sources": {"people": {"path": "s3://a-secret-key@bucket/x"}}}
    entry = project.pull()
    assert "cannot be reached" in entry["error"] and "a-secret-key" not in str(entry)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("http://joe:hush-hush@127.0.0.1:1/dir", "cannot be reached"),
        ("webhdfs://joe:hush-hush@127.0.0.1:1/x", "cannot be reached"),
        ("ftp://joe:hush/hush@127.0.0.1/dir", "cannot be reached"),
    ],
)
def test_a_storage_of_any_kind_that_is_away_is_told_as_such_without_its_password(project, path, words):
    project.source().settings_given = {"sources": {"people": {"path": path}}}
    entry = project.pull()
    assert words in entry["error"] and entry["error_kind"] == "RetryableError"
    assert "hush" not in str([entry, project.rows("select * from ops.runs")])
