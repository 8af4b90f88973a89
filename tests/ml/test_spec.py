from pathlib import Path

import pytest

from core.errors import ConfigError
from core.settings import load_settings
from ml.spec import load_model, load_models

ROOT = Path(__file__).parents[2]
GOOD = """question: q
owner: o
task: binary
label: labels__x
horizon_days: 30
baseline: {rank_by: [a]}
decision_effect: none
promote_if: {min_auc: 0.6}
"""


def test_every_model_of_the_project_is_a_valid_spec():
    assert {"churn_90d", "value_180d", "lead_conversion_30d"} <= set(load_models(load_settings(root=ROOT)))


def test_three_mistakes_in_one_file_are_all_reported_with_their_lines(tmp_path: Path):
    path = tmp_path / "m.yml"
    path.write_text(GOOD.replace("horizon_days: 30", "horizon_days: soon").replace("task", "tusk") + "retention: 3\n")
    with pytest.raises(ConfigError) as error:
        load_model(path)
    said = str(error.value)
    assert "m.yml:5: horizon_days" in said
    assert "tusk" in said and "task: Field required" in said
    assert "m.yml:9: retention" in said and "Known keys" in said


@pytest.mark.parametrize(("change", "said"), [
    (("task: binary", "task: regression"), "min_auc are for binary"),
    (("promote_if: {min_auc: 0.6}", "promote_if: {min_auc: 0.6, min_lft: 1}"), "min_lft"),
    (("owner: o", "owner: o\neligible: 'a = 1; drop table x'"), "one SQL condition"),
    (("owner: o", "owner: o\neligible: 'a in (select b from c)'"), "one condition"),
    (("owner: o", "owner: o\neligible: 'a = = 1'"), "not one SQL condition"),
    (("owner: o", "owner: o\nfeatures: {columns: [a], all_except: [b]}"), "not both"),
    (("label: labels__x", "label: orders"), "labels__<model>"),
    (("owner: o", "owner: o\nlightgbm: {objective: tweedie}"), "does not fit task binary"),
])  # fmt: skip
def test_a_spec_that_cannot_be_meant_is_refused_with_what_is_wrong(tmp_path: Path, change: tuple[str, str], said: str):
    path = tmp_path / "m.yml"
    assert change[0] in GOOD
    path.write_text(GOOD.replace(*change))
    with pytest.raises(ConfigError, match=said):
        load_model(path)
