"""`driftloop backtest` on real files, with small models."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from architecture import SRC
from workspace import Workspace
from yaml import safe_load

from driftloop.backtest import run
from driftloop.backtest.run import FRONTIER, Options
from driftloop.core.backtest.figures import own_rules, rules
from driftloop.errors import DataError, ParamsError
from driftloop.params import load_params
from driftloop.store.files import BACKTEST, METRICS

if TYPE_CHECKING:
    from pathlib import Path

SHORT = Options(first_days=84, jobs=1, quick=True)


def make_space(root: Path, rows: pd.DataFrame) -> Workspace:
    """Write rows of half a year whose last quarter has half as many rentals again."""
    changed = rows["ts"] >= pd.Timestamp("2024-04-01")
    rows.assign(rentals=rows["rentals"] * (1 + 0.5 * changed)).to_csv(root / "rows.csv", index=False)
    return Workspace.create(
        root, source={"kind": "files", "path": str(root / "rows.csv"), "until": "2024-07-01T00:00Z"}
    )


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, calm: pd.DataFrame) -> Workspace:
    return make_space(tmp_path_factory.mktemp("backtest"), calm)


def replayed(space: Workspace, options: Options = SHORT) -> run.Backtest:
    params = load_params(space.root / "params.yaml")
    return run.run(params, space.root, options, rules=own_rules(params))


def test_run__a_change_is_noticed_and_retraining_pays(space: Workspace) -> None:
    always, never, own = replayed(space).lines
    assert always.loss < own.loss < never.loss
    assert own.alerts >= 1
    assert own.useful == 1
    asked = next(alert for alert in own.log if alert.status == "outdated")
    assert date(2024, 4, 8) < asked.day <= date(2024, 5, 13)
    assert asked.outcome == "promote"


def test_run__fits_are_remembered(space: Workspace) -> None:
    first = replayed(space)
    folder = space.root / ".cache/backtest/fits"
    made = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert replayed(space).lines == first.lines
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == made


@pytest.mark.extended
def test_run__replays_the_columns_that_features_make(space: Workspace, tmp_path: Path) -> None:
    """And collects anew when the function changes."""
    other = space.copy(tmp_path / "other").set(data={"numerical": ["hour", "odd"], "categorical": ["workingday"]})
    losses = {}
    for column in ("rows.rentals", "rows.hour"):
        (other.root / "src").mkdir(exist_ok=True)
        made = f'{column}.cast("float64").lag(168).over(ibis.window(order_by="ts"))'
        code = f"import ibis\n\n\ndef features(rows):\n    return rows.mutate(odd={made})\n"
        (other.root / "src/features.py").write_text(code, encoding="utf-8")
        losses[column] = replayed(other).lines[0].loss
    assert losses["rows.rentals"] < 0.9 * losses["rows.hour"]


def test_measure__writes_numbers_of_the_setting_alone(space: Workspace) -> None:
    run.measure(load_params(space.root / "params.yaml"), space.root)
    numbers = json.loads((space.root / METRICS / "backtest.json").read_text("utf-8"))
    assert all(isinstance(number, float) for number in numbers.values())
    assert {"loss", "above_always", "alerts_a_year"} <= set(numbers)


def test_measure__a_policy_that_cannot_be_replayed_is_one_line(space: Workspace) -> None:
    params = load_params(space.root / "params.yaml")
    drifting = params.model_copy(update={"monitor": params.monitor.model_copy(update={"policy": "evidently"})})
    with pytest.raises(ParamsError, match=r"^params.yaml: monitor.policy: expected .*, got evidently, .*$"):
        run.measure(drifting, space.root)
    assert "evidently" not in {rule.policy for rule in rules(drifting)}  # what `driftloop backtest` compares


def test_write__everything_is_there(space: Workspace) -> None:
    params, done = load_params(space.root / "params.yaml"), replayed(space)
    run.write(done, params, space.root)
    found = json.loads((space.root / BACKTEST).read_text("utf-8"))
    assert [rule["name"] for rule in found["rules"]] == ["always", "never", "avoidable_loss"]
    assert next(iter(found["rules"][0]["steps"])) == found["since"]
    assert (space.root / FRONTIER).read_text("utf-8").startswith("<svg")


def test_run__a_short_history_says_what_is_missing(space: Workspace) -> None:
    with pytest.raises(DataError, match=r"expected data until 2024-\d\d-\d\d or later, .* labels begin on 2024-01-01"):
        replayed(space, Options(until=date(2024, 3, 1), jobs=1))


def test_run__no_rows_at_all(space: Workspace) -> None:
    with pytest.raises(DataError, match="expected rows with labels, got none"):
        replayed(space, Options(since=date(2030, 1, 1), jobs=1))


@pytest.mark.extended
def test_run__weeks_without_rows_and_labels_for_some(tmp_path: Path, calm: pd.DataFrame) -> None:
    gap = calm["ts"].between("2024-04-08", "2024-04-28")
    rows = calm[~gap].assign(rentals=lambda frame: frame["rentals"].where(frame.index % 3 > 0))
    always, never, own = replayed(make_space(tmp_path, rows.sample(frac=1, random_state=0))).lines
    assert always.loss <= never.loss
    assert own.data_a_year > 0
    assert own.steps[date(2024, 4, 15)] is None


@pytest.mark.extended
@pytest.mark.parametrize("delay", [0, 91])
def test_run__on_labels_that_come_late_and_partly_never(tmp_path: Path, delay: int) -> None:
    """The simulator's change of February is not told before its labels are there; the replay ends with the last of them."""
    source = {"until": "2025-06-02T00:00Z", "simulated": {"label_days": delay, "labels_lost": 0.3}}
    space = Workspace.create(tmp_path, source=source, data={"label_delay_days": delay})
    done = replayed(space, Options(since=date(2024, 7, 1), first_days=147, jobs=1))
    assert done.schedule.scored_until == date(2025, 6, 2) - timedelta(days=delay)
    assert done.rows == pytest.approx(0.7 * 24 * (done.schedule.scored_until - date(2024, 7, 1)).days, rel=0.05)
    *_, own = done.lines
    assert own.data_a_year == 0  # labels that never came before are no fault
    asked = [alert.day for alert in own.log if alert.status in {"outdated", "degraded"}]
    change = date(2025, 2, 10)
    known = change + timedelta(days=delay)
    assert not [day for day in asked if change < day <= known]
    # At the end three weeks of labels that came late are there, which is too few.
    assert any(day > known for day in asked) == (delay == 0)


def test_parse_day__one_line() -> None:
    assert run.parse_day("2025-03-31", "--since") == date(2025, 3, 31)
    with pytest.raises(ParamsError, match=r"--since: expected a date such as 2025-03-31, got 'March'"):
        run.parse_day("March", "--since")


def test_known_events__those_of_the_simulator_during_the_replay(space: Workspace) -> None:
    params = load_params(space.root / "params.yaml")
    assert run.known_events(params, replayed(space).schedule) == []
    simulated = params.model_copy(update={"source": params.source.model_copy(update={"kind": "simulator"})})
    schedule = replayed(space).schedule
    later = schedule.__class__(
        first_cut=schedule.first_cut,
        runs=schedule.runs,
        delay=timedelta(days=7),
        scored_until=date(2025, 4, 1),
    )
    assert {event.day for event in run.known_events(simulated, later)} == {date(2025, 2, 10)}


def test_backtest_dvc_yaml__depends_on_its_entry_of_the_lock() -> None:
    stage = safe_load((SRC.parent / "backtest/dvc.yaml").read_text("utf-8"))["stages"]["backtest"]
    assert (stage["wdir"], stage["cmd"], stage["deps"]) == ("..", "driftloop stage backtest", ["src"])
    assert {"driftloop.lock": ["stages.backtest"]} in stage["params"]
