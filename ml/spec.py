"""models/<name>.yml -> one frozen object: what is asked, of whom, from what, and when an answer may be used."""

from pathlib import Path
from typing import Literal

import sqlglot
from pydantic import Field, field_validator, model_validator

from core.project.files import base, files
from core.settings import Settings
from core.specs import Spec, load_spec, load_specs

Calibration = Literal["isotonic", "platt", "none"]


class Features(Spec):
    """The columns that go in: named one by one, or all of the table but some."""

    table: str = "features__person"
    columns: tuple[str, ...] = ()
    all_except: tuple[str, ...] = ()

    @model_validator(mode="after")
    def one_way(self) -> "Features":
        if self.columns and self.all_except:
            raise ValueError("give columns or all_except, not both")
        return self


class Baseline(Spec):
    """The naive rule to beat: rank by these features (`-x`: small x ranks high), the mean of the ranks if several."""

    rank_by: tuple[str, ...] = Field(min_length=1)


class LightGBM(Spec):
    """LightGBM's own names. Two threads and a seed: the same data gives the same model, byte for byte."""

    objective: Literal["binary", "regression", "regression_l1", "tweedie", "poisson"] | None = None  # from the task
    iterations: int = Field(100, ge=1)
    learning_rate: float = Field(0.05, gt=0)
    num_leaves: int = Field(15, ge=2)
    max_depth: int = 5  # reasons cost the square of the depth for each person and tree
    min_data_in_leaf: int = Field(40, ge=1)
    feature_fraction: float = Field(0.8, gt=0, le=1)
    bagging_fraction: float = Field(1.0, gt=0, le=1)
    bagging_freq: int = Field(0, ge=0)
    lambda_l1: float = Field(0.0, ge=0)
    lambda_l2: float = Field(1.0, ge=0)
    tweedie_variance_power: float = Field(1.5, gt=1, lt=2)
    num_threads: int = Field(2, ge=1)
    deterministic: bool = True
    seed: int = 7


class Fairness(Spec):
    """Columns of the feature table by whose groups the card reports; they need not be features of the model."""

    by: tuple[str, ...] = ()
    because: str = ""


class PromoteIf(Spec):
    """What a challenger must show on the newest fold. What is left out is not asked."""

    min_auc: float | None = Field(None, ge=0, le=1)
    min_gini: float | None = Field(None, ge=-1, le=1)  # 1: the model's first bring in as much as the truly best would
    min_lift_over_baseline: float | None = None  # AUC (binary) or Gini (regression) minus the baseline's
    max_calibration_error: float | None = Field(None, ge=0)  # binary: ECE; regression: mean |decile gap| / mean label
    # labels above 0, in the training rows and in the test rows; of a binary model as many of 0: the rarer class counts
    min_positive: int = Field(50, ge=1)
    # binary: below it the same answer for everybody is nearly always right, and no figure shows what a model adds
    min_rare_share: float = Field(0.005, ge=0, le=0.5)
    min_rows: int = Field(200, ge=1)  # in the training rows and in the test rows
    not_worse_than_champion: float | None = Field(0.005, ge=0)  # how far below the champion it may fall, same rows


class ModelSpec(Spec):
    """One predictive model; `name` is the file's stem."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    question: str
    owner: str
    entity: Literal["person"] = "person"
    task: Literal["binary", "regression"]
    features: Features = Features()
    eligible: str = "true"  # SQL on the feature table: of whom it is asked, in training and in scoring
    label: str  # table of marts with person_id, as_of_day, label
    horizon_days: int = Field(ge=1, le=730)
    folds: int = Field(1, ge=1, le=12)  # newest decides; older ones stand in the card
    # days of the grid that judge, and as many that calibrate; left out: the fewest newest that hold promote_if's minima
    fold_days: int | None = Field(None, ge=1, le=12)
    max_rows: int = Field(300_000, ge=1000)  # training rows; above it a stable sample of people
    baseline: Baseline
    lightgbm: LightGBM = LightGBM()
    calibration: Calibration = "isotonic"
    fairness: Fairness = Fairness()
    decision_effect: str  # what is done to a person because of the score, and what it costs to be wrong
    promote_if: PromoteIf

    @field_validator("eligible")
    @classmethod
    def one_condition(cls, text: str) -> str:
        try:
            statements = sqlglot.parse(f"select 1 from f where ({text})")
        except sqlglot.errors.SqlglotError as error:
            raise ValueError(f"not one SQL condition: {str(error).splitlines()[0]}") from None
        selects = [node for statement in statements if statement for node in statement.find_all(sqlglot.exp.Select)]
        if len(statements) != 1 or len(selects) != 1:
            raise ValueError("give one condition on the feature table's columns, without select and semicolon")
        return text

    @field_validator("label")
    @classmethod
    def label_table(cls, table: str) -> str:
        if not table.isidentifier() or not table.startswith("labels__"):
            raise ValueError("give a table of marts named labels__<model>")
        return table

    @model_validator(mode="after")
    def fits_the_task(self) -> "ModelSpec":
        wrong = []
        if self.task == "regression" and (self.calibration == "platt" or self.promote_if.min_auc is not None):
            wrong.append("platt and min_auc are for binary models")
        if self.task == "binary" and self.promote_if.min_gini is not None:
            wrong.append("min_gini is for regression models; give min_auc")
        if self.lightgbm.objective and (self.lightgbm.objective == "binary") != (self.task == "binary"):
            wrong.append(f"objective {self.lightgbm.objective} does not fit task {self.task}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def load_model(path: Path, root: Path | None = None) -> ModelSpec:
    return load_spec(path, ModelSpec, root=root, name=path.stem)


def load_models(settings: Settings) -> dict[str, ModelSpec]:
    """Every models/*.yml of the project and of the company's folder, by stem; all mistakes of all files in one
    ConfigError.
    """
    paths = files(settings, "models").values()
    return load_specs(paths, lambda path: load_model(path, base(settings, path)))
