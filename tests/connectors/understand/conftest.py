"""A company with our dbt models, for sources that are tried."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def company(project):
    """A project with our dbt models and no source of ours, so that what is written is tried."""
    ours = shutil.ignore_patterns("sample_shop", "online_retail", "segment_events", "sendgrid_events", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", project.root / "dbt_project", ignore=ours)
    (project.root / "dbt_project/models/staging").mkdir(exist_ok=True)
    return project
