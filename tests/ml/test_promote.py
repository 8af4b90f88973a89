import pytest

from ml.evaluate import Report
from ml.promote import decide
from ml.spec import PromoteIf

RULE = PromoteIf(
    min_auc=0.7,
    min_lift_over_baseline=0.02,
    max_calibration_error=0.05,
    min_positive=50,
    min_rows=200,
    not_worse_than_champion=0.01,
)


def report(auc: float, ece: float = 0.01, rows: float = 1000, positive: float = 200, deciles: int = 10) -> Report:
    figures = {"rows": rows, "positive": positive, "auc": auc, "calibration_error": ece}
    return Report("binary", figures, [{"decile": float(n)} for n in range(deciles)])


NAIVE = report(0.65)


@pytest.mark.parametrize(("challenger", "champion", "train_rows", "train_positive", "reasons"), [
    (report(0.75), None, 1000, 200, []),
    (report(0.69), None, 1000, 200, ["at least 0.7 asked"]),
    (report(float("nan")), None, 1000, 200, ["at least 0.7 asked", "over the baseline's 0.6500"]),
    (report(0.66), None, 1000, 200, ["at least 0.7 asked", "over the baseline's 0.6500"]),
    (report(0.75, ece=0.06), None, 1000, 200, ["calibration error 0.0600, at most 0.05"]),
    (report(0.75, rows=100, positive=50), None, 1000, 200, ["100 test rows"]),
    (report(0.75, positive=49), None, 1000, 200, ["49 positive to test on"]),
    (report(0.75), None, 199, 90, ["199 training rows"]),
    (report(0.75), None, 1000, 3, ["3 positive to learn from", "base rate 0.0030 of the training rows"]),
    (report(0.75), None, 1000, 951, ["49 negative to learn from"]),
    (report(0.75, rows=2782, positive=2773), None, 9000, 4000, [
        "9 negative to test on", "base rate 0.9968 of the test rows",
    ]),
    (report(0.75, rows=60_000, positive=60), None, 9000, 4000, ["base rate 0.0010 of the test rows"]),
    (report(0.75, deciles=1), None, 1000, 200, ["all 1000 test rows in one decile"]),
    (report(0.75), report(0.755), 1000, 200, []),
    (report(0.75), report(0.77), 1000, 200, ["against the champion's 0.7700"]),
    (report(0.5, 0.9, 1, 0), report(0.9), 1, 0, [
        "1 training rows", "1 test rows", "0 positive to learn", "0 positive to test",
        "base rate 0.0000 of the training", "base rate 0.0000 of the test", "at least 0.7", "baseline", "calibration",
        "champion"]),
])  # fmt: skip
def test_a_challenger_is_promoted_by_the_rule_alone_and_every_reason_is_said(
    challenger, champion, train_rows, train_positive, reasons
):
    decision = decide(challenger, champion, RULE, NAIVE, train_rows, train_positive)
    assert decision.promoted is not bool(reasons)
    if reasons:
        assert len(decision.reasons) == len(reasons)
        for said, expected in zip(decision.reasons, reasons, strict=True):
            assert expected in said


def test_what_the_rule_does_not_ask_is_not_checked():
    rule = PromoteIf(min_positive=1, min_rows=1, not_worse_than_champion=None)
    assert decide(report(0.3, ece=0.9), report(0.9), rule, NAIVE, 10, 5).promoted


def test_the_rarer_class_of_a_regression_is_what_lies_above_zero():
    spent = Report("regression", {"rows": 1000, "positive": 1000, "gini": 0.6, "calibration_error": 0.01}, [])
    rule = PromoteIf(min_gini=0.4, min_positive=50, not_worse_than_champion=None)
    assert decide(spent, None, rule, spent, 1000, 1000).promoted, "everybody spent something: nothing is missing"
