"""The stages as one pipeline on real files: what each writes, and what each refuses."""

from __future__ import annotations

import hashlib
import importlib
import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import joblib
import pandas as pd
import pytest
import yaml
from architecture import SRC
from joblib.parallel import ThreadingBackend
from pydantic import BaseModel
from workspace import STAGES, Workspace

from driftloop.core.columns import SCORE, STEP, TS, loss_of, scores_of
from driftloop.errors import ModelError, ParamsError
from driftloop.params import load_params
from driftloop.store import fits
from driftloop.store.files import CARD, LABELLED, MODEL, REFITS, write_json

if TYPE_CHECKING:
    from pathlib import Path

DECLARED: dict[str, Any] = yaml.safe_load((SRC.parent / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


# Read in some cases only: where no row has a readable time, without production, with `refit: false`, with the policy
# `evidently`, with Evidently's page.
CONDITIONAL = {
    "collect": {"data.private"},
    "prepare": {"windows.judge_days"},
    "alarms": {"data.label_delay_days", "windows.judge_days"},
    "refit": {"evaluate.min_rows"},
    "train": {"windows.judge_days"},
    "monitor": {"windows.current_days"},
}


def hashes(space: Workspace) -> dict[str, str]:
    """Hash every output."""
    return {
        path.relative_to(space.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("data", "models", "metrics", "reports")
        for path in sorted((space.root / folder).rglob("*"))
        if path.is_file()
    }


class Reading:
    """Hands out parameters and remembers which were read; methods of the model see the real ones through it."""

    def __init__(self, value: BaseModel, seen: set[str], prefix: str = "") -> None:
        self._value, self._seen, self._prefix = value, seen, prefix

    def __getattr__(self, name: str) -> Any:
        if name == "model_copy":
            return lambda **options: Reading(self._value.model_copy(**options), self._seen, self._prefix)
        if isinstance(member := getattr(type(self._value), name, None), property) and member.fget:
            return member.fget(self)
        value = getattr(self._value, name)
        if isinstance(value, BaseModel):
            return Reading(value, self._seen, f"{self._prefix}{name}.")
        if not isinstance(value, Reading):
            self._seen.add(f"{self._prefix}{name}")
        return value


def covered(read: str, declared: set[str]) -> bool:
    parts = read.split(".")
    return any(".".join(parts[: place + 1]) in declared for place in range(len(parts)))


@pytest.mark.parametrize("stage", STAGES)
def test_stage__reads_no_parameter_that_dvc_yaml_does_not_declare(healthy: Workspace, stage: str) -> None:
    seen: set[str] = set()
    reading: Any = Reading(load_params(healthy.root / "params.yaml"), seen)
    import_module(f"driftloop.stages.{stage}").run(reading, healthy.root)
    declared = {name for name in DECLARED[stage]["params"] if isinstance(name, str)}
    free = "engine."  # no result depends on it, so that nothing runs again after a change
    assert [name for name in sorted(seen) if name and not covered(name, declared) and not name.startswith(free)] == []
    unread = {name for name in declared if not any(covered(read, {name}) or name.startswith(read) for read in seen)}
    assert unread == CONDITIONAL.get(stage, set())


def test_pipeline__twice_gives_the_same_bytes(healthy: Workspace) -> None:
    before = hashes(healthy)
    healthy.run()
    assert hashes(healthy) == before


def test_refit__gives_the_same_bytes_without_its_cache(healthy: Workspace) -> None:
    before = (healthy.root / REFITS).read_bytes()
    for path in (healthy.root / ".cache/refits").iterdir():
        path.unlink()
    healthy.run("refit")
    assert (healthy.root / REFITS).read_bytes() == before


class Elsewhere(ThreadingBackend):  # type: ignore[misc]
    """A backend that somebody has chosen."""

    workers = 0

    def configure(self, *args: Any, **given: Any) -> int:
        Elsewhere.workers = super().configure(*args, **given)
        return Elsewhere.workers


@pytest.mark.extended
@pytest.mark.parametrize("backend", ["elsewhere", "loky"])
def test_refit__gives_the_same_bytes_with_more_workers(
    healthy: Workspace, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (healthy.root / REFITS).read_bytes()
    for path in (healthy.root / ".cache/refits").iterdir():
        path.unlink()
    monkeypatch.setattr(fits, "WORTH_SECONDS", 0)
    joblib.register_parallel_backend("elsewhere", Elsewhere)
    with joblib.parallel_config(backend, n_jobs=2):
        healthy.run("refit")
    assert (healthy.root / REFITS).read_bytes() == before
    assert Elsewhere.workers == 2


def test_refit__says_where_it_learns_from_a_sample(healthy: Workspace) -> None:
    before = healthy.decision.warnings, healthy.report.verdict.reasons
    healthy.set(monitor={"refit_rows": 1500}).run("refit", "alarms", "monitor", "train", "evaluate")
    added = (set(found) - set(old) for found, old in zip(
        (healthy.decision.warnings, healthy.report.verdict.reasons), before, strict=True))  # fmt: skip
    warning, reason = (next(text for text in texts if "refit_rows" in text) for texts in added)
    assert warning.startswith("a refit learns from at most 1,500 rows, drawn from up to 3,864 (monitor.refit_rows)")
    assert reason.startswith("the refits that were compared learned from 1,500 rows each, and the candidate from 3,")


@pytest.mark.parametrize("damage", ["cut", "edited", "another", "fewer rows", "empty"])
def test_refit__does_not_believe_a_remembered_fit_that_is_none(healthy: Workspace, damage: str) -> None:
    before = (healthy.root / REFITS).read_bytes()
    for path in (healthy.root / ".cache/refits").iterdir():
        path.unlink()  # some are of an earlier day, and not read any more
    healthy.run("refit")
    first, second, *_ = sorted((healthy.root / ".cache/refits").iterdir())
    content = first.read_bytes()
    shorter = io.BytesIO()
    pd.read_parquet(io.BytesIO(content[32:])).iloc[1:].to_parquet(shorter, index=False)
    damaged = {
        "cut": content[:-100],
        "edited": content[:60] + bytes([content[60] ^ 1]) + content[61:],
        "another": second.read_bytes(),
        "fewer rows": hashlib.sha256(first.stem.encode() + shorter.getvalue()).digest() + shorter.getvalue(),
        "empty": b"",
    }
    first.write_bytes(damaged[damage])
    healthy.run("refit")
    assert (healthy.root / REFITS).read_bytes() == before
    assert first.read_bytes() == content


def test_refit__keeps_the_steps_it_knows_when_time_goes_on(healthy: Workspace) -> None:
    before = pd.read_parquet(healthy.root / REFITS)
    cached = set((healthy.root / ".cache/refits").iterdir())
    healthy.set(source={"until": "2024-06-18T00:00Z"}).run("collect", "prepare", "refit")
    assert pd.read_parquet(healthy.root / REFITS).equals(before)
    assert set((healthy.root / ".cache/refits").iterdir()) == cached


def test_collect__leaves_the_past_as_it_was(tmp_path: Path) -> None:
    space = Workspace.create(tmp_path).run("collect")
    before = {path.name: path.read_bytes() for path in (tmp_path / "data/raw").iterdir()}
    space.set(source={"until": "2024-07-06T00:00Z"}).run("collect")
    del before["2024-05.parquet"]  # the month that was not complete
    assert {name: (tmp_path / "data/raw" / name).read_bytes() for name in before} == before


def test_collect__refuses_codes_for_a_column_that_nobody_has(healthy: Workspace) -> None:
    healthy.set(data={"missing": {"*": [-200], "stranger": [-1]}})
    with pytest.raises(ParamsError, match=r"data.missing: expected inputs, the target or \*, got stranger"):
        healthy.run("collect")


def test_collect__keeps_the_last_good_data_when_the_source_fails(healthy: Workspace) -> None:
    from driftloop.errors import DataError

    before = hashes(healthy)
    healthy.set(source={"path": str(healthy.root / "nowhere.csv")})
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        healthy.run("collect")
    assert hashes(healthy) == before


def test_prepare__bounds_its_tables_and_keeps_the_sample_as_data_grows(healthy: Workspace) -> None:
    healthy.set(train={"max_rows": 1000}, report={"max_rows": 200}).run("prepare")
    sampled = pd.read_parquet(healthy.root / LABELLED)
    assert 500 < len(sampled) <= 1100
    assert len(pd.read_parquet(healthy.root / "data/prepared/reference.parquet")) <= 250
    healthy.set(source={"until": "2024-06-19T00:00Z"}).run("collect", "prepare")
    assert set(sampled[TS]) <= set(pd.read_parquet(healthy.root / LABELLED)[TS])


def test_prepare__shows_no_label_before_it_is_final(healthy: Workspace) -> None:
    rows = pd.read_parquet(healthy.root / LABELLED)
    assert str(rows[TS].max()) == "2024-06-09 23:00:00"


def test_production__that_was_promoted_gets_an_honest_error(healthy: Workspace) -> None:
    """Right after a promotion it is the refits', on the same rows, and not a training error."""
    verdict = healthy.report
    healthy.promote(force=True).run()
    assert healthy.json("metrics/production.json")["mae"] == pytest.approx(verdict.refit["mae"])
    assert healthy.report.verdict.outcome == "not comparable yet"
    assert str(healthy.report.verdict.comparable_from) == "2024-07-15"


def test_promotion__does_not_change_what_training_depends_on(healthy: Workspace) -> None:
    before = (healthy.root / LABELLED).read_bytes()
    healthy.promote(force=True).run("prepare")
    assert (healthy.root / LABELLED).read_bytes() == before


def test_removed_column__stays_with_production_until_it_is_replaced(healthy: Workspace) -> None:
    scores = pd.read_parquet(healthy.root / REFITS)[f"{scores_of('production')}{SCORE}"]
    healthy.set(data={"numerical": ["hour", "temperature", "humidity"]}).run()
    again = pd.read_parquet(healthy.root / REFITS)
    assert again[f"{scores_of('production')}{SCORE}"].equals(scores)
    healthy.promote(force=True).run()
    assert "windspeed" not in pd.read_parquet(healthy.root / LABELLED).columns


def test_card__of_another_model_counts_as_no_production(healthy: Workspace) -> None:
    healthy.set(model="another").run()
    assert healthy.decision.status == "no production"
    healthy.promote(first=True)
    assert healthy.json(CARD)["version"] == 1


def test_card__of_another_target_is_refused(healthy: Workspace) -> None:
    healthy.set(data={"target": "windspeed", "numerical": ["hour", "temperature", "humidity"]})
    with pytest.raises(ModelError, match="production predicts rentals"):
        healthy.run("collect")


@pytest.mark.parametrize("stage", ["refit", "monitor", "evaluate"])
def test_model_file__that_was_tampered_with_is_refused(healthy: Workspace, stage: str) -> None:
    path = healthy.root / MODEL
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="not the file its card names"):
        healthy.run(stage)


def test_model_file__of_another_model_is_refused_by_its_card(healthy: Workspace) -> None:
    card = healthy.json(CARD)
    write_json(healthy.root / CARD, {**card, "sha256": "0" * 64})
    with pytest.raises(ModelError, match="expected SHA-256 000000000000"):
        healthy.run("monitor")


@pytest.mark.parametrize("content", ["", "{}x", '{"version": 1}', '{"version": "one"}', '{"stranger": 1}'])
def test_card__that_is_no_card_is_refused(healthy: Workspace, content: str) -> None:
    (healthy.root / CARD).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"models/production/card\.json"):
        healthy.run("prepare")


def test_pipeline__without_refits_judges_a_candidate_on_a_holdout(healthy: Workspace) -> None:
    healthy.set(monitor={"refit": False}).run()
    assert healthy.decision.policy == "loss"
    assert healthy.decision.waiting_days is None
    assert healthy.report.verdict.fresh is False
    trained = healthy.json("models/candidate.json")["trained"]
    assert trained["until"] == "2024-05-13"
    assert healthy.report.verdict.rows == 28 * 24
    assert str(healthy.report.verdict.judged) == "13 May to 9 Jun 2024"


@pytest.mark.extended
@pytest.mark.parametrize("policy", ["evidently", "calendar"])
def test_policy__is_chosen_by_name(healthy: Workspace, policy: str) -> None:
    rendered = {"max_rows": 500} if policy == "evidently" else {}
    healthy.set(monitor={"policy": policy, "calendar_days": 40}, report=rendered).run("prepare", "alarms", "monitor")
    assert healthy.decision.policy == policy
    drifted = policy == "evidently" and (healthy.decision.drift.share or 0) >= 0.5
    assert healthy.decision.status == ("outdated" if policy == "calendar" or drifted else "healthy")


def test_classification__runs_through_every_stage(tmp_path: Path, calm: pd.DataFrame) -> None:
    usual = calm.groupby(["hour", "workingday"])["rentals"].transform("median")
    busy = calm.assign(busy=(calm["rentals"] > usual).map({True: "yes", False: "no"}))
    busy.drop(columns="rentals").to_parquet(tmp_path / "rows.parquet")
    space = Workspace.create(
        tmp_path,
        source={"kind": "files", "path": str(tmp_path / "rows.parquet")},
        data={"target": "busy", "task": "classification", "target_unit": ""},
        train={
            "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
            "params": {"max_iter": 30, "max_leaf_nodes": 8},
        },
        evaluate={"metric": "log_loss"},
        report={"max_rows": 500},
    )
    space.run("collect", "prepare", "refit", "alarms", "train", "evaluate").promote(first=True)
    space.set(source={"until": "2024-06-17T00:00Z"}).run()
    assert set(space.report.production) == {"log_loss", "brier", "accuracy", "f1", "roc_auc"}
    assert space.report.production["roc_auc"] > 0.6
    assert space.decision.warnings == ()
    assert (space.root / "reports/evidently/index.html").stat().st_size > 10_000
    assert space.decision.status in ("healthy", "outdated")


def test_private__values_stand_in_no_report(healthy: Workspace) -> None:
    healthy.set(
        data={"private": ["weather", "workingday", "rentals"], "segments": ["workingday", "weather"]},
        report={"max_rows": 500},
    )
    path = healthy.root / "rows.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("cloudy", "veryprivate"), encoding="utf-8")
    healthy.run()
    written = {name: (healthy.root / name).read_bytes() for name in hashes(healthy) if name[:4] in ("repo", "metr")}
    assert len(written) > 5
    assert [name for name, content in written.items() if b"veryprivate" in content] == []
    assert "rentals" not in (healthy.root / "metrics/plots/predicted_refit.csv").read_text(encoding="utf-8")
    assert healthy.decision.pattern.bias is None


def test_estimator__of_the_user_is_taken_from_src(healthy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from sklearn.linear_model import Ridge\nclass Mine(Ridge):\n    pass\n"
    (healthy.root / "my_models.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(healthy.root))
    healthy.set(train={"estimator": "my_models.Mine", "params": {}})
    with pytest.raises(ModelError, match=r"not trusted: my_models\.Mine"):
        healthy.run("train")
    healthy.set(train={"trusted": ["my_models.Mine"]}).run("train", "evaluate")
    assert healthy.report.candidate_sha256


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({"estimator": "sklearn.nowhere.Model"}, "cannot be imported"),
        ({"estimator": "sklearn.tree.Nothing"}, "has no Nothing"),
        ({"estimator": "math.sqrt"}, "expected a class with fit and predict"),
        ({"estimator": "nodots"}, "cannot be imported"),
        ({"estimator": "sklearn.tree.DecisionTreeClassifier", "params": {}}, "expected an estimator for regression"),
        ({"params": {"depth": 3}}, "does not take them: .*; `dvc exp run -S '~train.params.NAME'` takes one away"),
        ({"params": {"max_depth": "deep"}}, "cannot be fitted"),
    ],
)
def test_estimator__that_cannot_be_used_is_named(healthy: Workspace, train: dict[str, Any], said: str) -> None:
    healthy.set(train=train)
    with pytest.raises(ModelError, match=said):
        healthy.run("train")


def test_refit__forgets_what_an_edited_estimator_said(healthy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edited within one second, which bytecode cannot tell
    module = healthy.root / "own/my_edited.py"
    module.parent.mkdir()
    source = (
        "from sklearn.linear_model import Ridge\nclass Mine(Ridge):\n    def predict(self, X):\n        return FACTOR"
    )
    module.write_text(f"{source.replace('FACTOR', '1.0')} * super().predict(X)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(module.parent))
    healthy.set(train={"estimator": "my_edited.Mine", "params": {}, "trusted": ["my_edited.Mine"]}).run("refit")
    before = pd.read_parquet(healthy.root / REFITS)[loss_of("candidate")].mean()
    module.write_text(f"{source.replace('FACTOR', '2.0')} * super().predict(X)\n", encoding="utf-8")
    sys.modules.pop("my_edited")
    importlib.invalidate_caches()
    healthy.run("refit")
    assert pd.read_parquet(healthy.root / REFITS)[loss_of("candidate")].mean() > 1.2 * before


def test_refit__does_not_mistake_one_split_for_another(tmp_path: Path) -> None:
    space = Workspace.create(tmp_path, data={"label_delay_days": 0}, windows={"judge_days": 14})
    space.run("collect", "prepare", "refit").set(monitor={"step_days": 14}).run("refit")
    assert pd.read_parquet(tmp_path / REFITS).groupby(STEP).size().tolist() == [14 * 24]


def test_experiment__with_another_recipe_does_not_change_how_production_is(healthy: Workspace) -> None:
    before = healthy.decision
    healthy.set(train={"params": {"max_depth": 1}}).run()
    assert healthy.decision == before
    assert healthy.report.refit["mae"] > 1.5 * healthy.report.production["mae"]
    assert healthy.report.verdict.outcome == "keep production"


def test_promote__refuses_a_verdict_that_parameters_have_overtaken(healthy: Workspace) -> None:
    for section, over, named in [
        ("source", {"until": "2024-06-24T00:00Z"}, r"source\.until"),
        ("train", {"seed": 3}, "recipe"),
        ("evaluate", {"min_gain": 0.5}, "evaluate"),
    ]:
        space = healthy.copy(healthy.root.with_name(section)).set(**{section: over})
        with pytest.raises(ModelError, match=named):
            space.promote(force=True)


def test_monitor__takes_the_first_refits_for_normal_where_the_card_knows_none(healthy: Workspace) -> None:
    card = healthy.json(CARD)
    write_json(healthy.root / CARD, {**card, "normal_error": {}, "judged": []})
    healthy.run("refit", "alarms", "monitor")
    assert healthy.decision.normal_error
    assert healthy.decision.status == "healthy"


def test_monitor__does_not_call_healthy_what_it_cannot_measure(healthy: Workspace) -> None:
    card = healthy.json(CARD)
    write_json(healthy.root / CARD, {**card, "normal_error": {}, "judged": []})
    healthy.set(monitor={"refit": False}).run("refit", "alarms", "monitor")
    assert healthy.decision.status == "insufficient data"


def test_monitor__takes_error_where_normally_there_is_none_for_a_rise(healthy: Workspace) -> None:
    card = healthy.json(CARD)
    write_json(healthy.root / CARD, {**card, "normal_error": {"mae": 0.0, "mse": 0.0}})
    healthy.run("refit", "alarms", "monitor")
    assert healthy.decision.status == "degraded"


def test_refit__leaves_out_what_the_estimator_cannot_learn_from(healthy: Workspace) -> None:
    healthy.set(train={"estimator": "sklearn.neighbors.KNeighborsRegressor", "params": {"n_neighbors": 10_000}})
    healthy.run()
    assert healthy.report.verdict.outcome == "not enough data"
    assert healthy.decision.status == "healthy"
