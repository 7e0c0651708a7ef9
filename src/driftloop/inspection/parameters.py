"""Values and comments of params.yaml for a source that was looked at. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from driftloop.inspection.values import Inspected

WEEK = 7
ENOUGH_ROWS, LEAST_ROWS = 50, 20  # for the gate, as evaluate.min_rows; where a quarter does not hold as many
QUARTER_DAYS = 91
SHORT_DAYS = 182  # of history: then a shorter window is judged, so that something is left to train on
ESTIMATORS = {
    "regression": "sklearn.ensemble.HistGradientBoostingRegressor",
    "classification": "sklearn.ensemble.HistGradientBoostingClassifier",
}
METRICS = {"regression": "mae", "classification": "log_loss"}
INPUT_PARTS = ("%H", "%m")  # of a composed time: what repeats itself, and an estimator can learn from


class Values(NamedTuple):
    """What goes into params.yaml.

    Attributes
    ----------
    values, comments
        By dotted key.
    calendar
        Columns that src/features.py makes of the time: name → how.
    """

    values: dict[str, Any]
    comments: dict[str, str]
    calendar: dict[str, str]


def parameters(found: Inspected, *, path: str, label_delay_days: int) -> Values:
    """Choose the values that differ from the defaults.

    Parameters
    ----------
    found
        What was seen.
    path
        `source.path`.
    label_delay_days
        Days until labels are final.
    """
    calendar = _calendar(found)
    numerical = [*found.named("numerical"), *_parts(found), *(name for name in calendar if name == "hour")]
    categorical = [*found.named("categorical"), *(name for name in calendar if name != "hour")]
    short = (found.until - found.since).days < SHORT_DAYS
    time = found.time.columns
    values: dict[str, Any] = {
        "source.kind": "files",
        "source.path": path,
        "source.csv": {"separator": found.separator, "decimal": found.decimal, "thousands": None,
                       "encoding": found.encoding, "null_values": None},
        "source.until": f"{found.until}",
        "source.fingerprint": None,
        "data.timestamp": time[0] if len(time) == 1 else list(time),
        "data.timestamp_format": found.time.form,
        "data.key": list(found.key),
        "data.target": found.target,
        "data.target_unit": "",
        "data.task": found.task,
        "data.label_delay_days": label_delay_days,
        "data.numerical": numerical,
        "data.categorical": categorical,
        "data.segments": [],
        "data.missing": dict(found.missing) if found.missing else [],
        "data.private": [name for name in found.private if name in {*numerical, *categorical, found.target, *found.key}],
        "windows.judge_days": 2 * WEEK if short else "auto",
        "train.estimator": ESTIMATORS[found.task],
        "train.params": {"max_iter": 150},
        "evaluate.metric": METRICS[found.task],
        "evaluate.min_rows": min(ENOUGH_ROWS, max(LEAST_ROWS, int(found.rows_a_day * QUARTER_DAYS * 0.8))),
    }  # fmt: skip
    out = [f"{each.name} ({each.why})" for each in found.roles if each.role == "left out"]
    comments = {
        "data.timestamp": found.time.why if not found.private else "found by how it is written",
        "data.key": found.key_why,
        "data.timezone": "times without an offset are taken for UTC; correct it if they are local",
        "data.numerical": f"left out: {'; '.join(out)}" if out else "all numbers",
        "data.label_delay_days": "days until a target is final",
        "windows.judge_days": "newest labelled; short, as the history is" if short else "newest labelled",
    }
    if found.missing:
        comments["data.missing"] = "stand for no value, as it seems"
    if values["data.private"]:
        comments["data.private"] = "seem to be about people; values appear in no text"
    return Values(values, comments, calendar)


def _parts(found: Inspected) -> list[str]:
    """List the parts of a composed time that are inputs too."""
    forms = (found.time.form or "").split()
    return (
        [name for name, form in zip(found.time.columns, forms, strict=False) if form in INPUT_PARTS]
        if len(forms) > 1
        else []
    )


def _calendar(found: Inspected) -> dict[str, str]:
    """Choose columns to make of a time that stands in one column, and that no other column has already."""
    there = {each.name.lower() for each in found.roles}
    if len(found.time.columns) > 1 or (found.time.form or "").startswith("epoch"):
        return {}
    made = {"weekday": "day_of_week.full_name()"}
    if found.hours > 1:
        made["hour"] = "hour()"
    return {name: how for name, how in made.items() if name not in there}
