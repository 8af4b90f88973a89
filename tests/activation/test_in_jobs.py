"""What the DAGs read of the channels: a small file in the home, written by each build and by `fairlead register`."""

import json

from activation import in_jobs, jobs
from activation.catalogue import channel_folders, channel_paths, find_channel


def test_the_channels_whose_vendors_work_in_jobs_are_these(project):
    names = channel_paths(channel_folders(project.settings))
    assert {n for n in names if in_jobs.in_jobs(find_channel(project.settings, n))} == {
        "brevo", "google_ads", "klaviyo", "salesforce", "sendgrid",
    }  # fmt: skip


def test_register_writes_of_each_channel_that_has_a_sync_whether_its_vendor_works_in_jobs(project):
    project.write_sync("csv_outbox")
    jobs.register(project.settings)
    file = project.settings.home / in_jobs.FILE
    assert json.loads(file.read_text()) == {"csv_outbox": {"in_jobs": False}}
    before = file.stat().st_mtime_ns
    project.write_sync("brevo", options="{list_id: 1}")
    assert in_jobs.write(project.settings)["brevo"] == {"in_jobs": True}
    changed = file.stat().st_mtime_ns
    in_jobs.write(project.settings)
    assert before < changed == file.stat().st_mtime_ns, "written where something has changed, and only then"
    assert [path.name for path in project.settings.home.glob("channels.json*")] == [in_jobs.FILE]
