"""Does the challenger replace the champion? One rule, every reason said."""

from dataclasses import dataclass

from ml.evaluate import Report
from ml.spec import PromoteIf


@dataclass(frozen=True)
class Decision:
    promoted: bool
    reasons: list[str]  # why it was promoted, or every reason why not


@dataclass(frozen=True)
class _Check:
    passed: bool
    text: str


def decide(
    challenger: Report, champion: Report | None, rule: PromoteIf, baseline: Report, train_rows: int, train_positive: int
) -> Decision:
    """Say whether the challenger replaces the champion, and every reason why not.

    The three reports are of the same rows: the newest fold. A rule that asks for a figure it cannot have (NaN) fails.
    """
    checks = [*_enough(challenger, rule, train_rows, train_positive), *_good(challenger, rule, baseline)]
    if champion is not None and rule.not_worse_than_champion is not None:
        name, value = challenger.primary
        minimum = champion.primary[1] - rule.not_worse_than_champion
        checks.append(
            _Check(
                value >= minimum,
                f"{name} {value:.4f} against the champion's {champion.primary[1]:.4f} on the same rows"
                f" (may fall {rule.not_worse_than_champion:g} below)",
            )
        )
    failed = [check.text for check in checks if not check.passed]
    if failed:
        return Decision(False, failed)
    return Decision(True, [check.text for check in checks if check.text] + ([] if champion else ["no champion yet"]))


def _enough(challenger: Report, rule: PromoteIf, train_rows: int, train_positive: int) -> list[_Check]:
    figures = challenger.metrics
    parts = (
        ("training", "to learn from", train_rows, train_positive),
        ("test", "to test on", int(figures["rows"]), int(figures["positive"])),
    )
    checks = [_Check(n >= rule.min_rows, f"{n} {name} rows, at least {rule.min_rows} asked") for name, _, n, _ in parts]
    for _, purpose, count, positive in parts:
        rare, kind = _rarer(challenger.task, count, positive)
        checks.append(_Check(rare >= rule.min_positive, f"{rare} {kind} {purpose}, at least {rule.min_positive} asked"))
    if challenger.task == "binary":
        checks += [_balanced(name, count, positive, rule) for name, _, count, positive in parts]
    one_decile = f"all {figures['rows']:.0f} test rows in one decile: the scores tell nobody from anybody"
    return [*checks, _Check(True, "") if len(challenger.deciles) != 1 else _Check(False, one_decile)]


def _rarer(task: str, rows: int, positive: int) -> tuple[int, str]:
    """How many labels of the rarer class, and which it is: nine who stay teach nothing, however many leave."""
    negative = rows - positive
    return (negative, "negative") if task == "binary" and negative < positive else (positive, "positive")


def _balanced(name: str, rows: int, positive: int, rule: PromoteIf) -> _Check:
    rate = positive / rows if rows else 0.0
    return _Check(
        min(rate, 1 - rate) >= rule.min_rare_share,
        f"base rate {rate:.4f} of the {name} rows: one answer for all is nearly always right, at least"
        f" {rule.min_rare_share:.2%} of each class asked (min_rare_share)",
    )


def _good(challenger: Report, rule: PromoteIf, baseline: Report) -> list[_Check]:
    name, value = challenger.primary
    minimum = rule.min_auc if challenger.task == "binary" else rule.min_gini
    checks = []
    if minimum is not None:
        checks.append(_Check(value >= minimum, f"{name} {value:.4f}, at least {minimum:g} asked"))
    if rule.min_lift_over_baseline is not None:
        lift = value - baseline.primary[1]
        checks.append(
            _Check(
                lift >= rule.min_lift_over_baseline,
                f"{name} {lift:+.4f} over the baseline's {baseline.primary[1]:.4f},"
                f" at least {rule.min_lift_over_baseline:+g} asked",
            )
        )
    if rule.max_calibration_error is not None:
        error = challenger.metrics["calibration_error"]
        checks.append(
            _Check(
                error <= rule.max_calibration_error,
                f"calibration error {error:.4f}, at most {rule.max_calibration_error:g} asked",
            )
        )
    return checks
