"""No value of a private column leaves the machine that measures: the loop as it ships, and all that it leaves behind."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import canary
import numpy as np
import pandas as pd
import pytest
import yaml
from hub import Clone
from once import copy_ours
from runner.setting import setting, tools
from workspace import STAGES, Workspace

from driftloop.errors import LoopError
from driftloop.params import Params
from driftloop.store.files import DECISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.language import Language
    from runner.setting import Setting
    from runner.values import Run

LEFT_OUT = ("tests/", "backtest/", "benchmarks/", "metrics/", "models/", "dvc.lock")
DAYS, SINCE_CHANGE, MODEL = 290, 70, "wards"


def make_params(path: Path, until: str) -> dict[str, Any]:
    """Give complete parameters, for DVC wants every key to be there."""
    given: dict[str, Any] = {
        "model": MODEL,
        "source": {"kind": "files", "path": str(path), "until": until},
        "data": {
            "timestamp": "ts", "key": ["rid"], "target": "yield", "label_delay_days": 7, "numerical": ["salary", "load"],
            "categorical": ["ward", "street", "patient"], "segments": ["ward"], "private": canary.PRIVATE,
        },
        "monitor": {"alert_at_days": 1},
        "train": {
            "estimator": "sklearn.tree.DecisionTreeRegressor", "params": {"max_depth": 8, "min_samples_leaf": 1},
        },
        "evaluate": {"min_rows": 100},
        "report": {"max_rows": 300},
    }  # fmt: skip
    return Params.model_validate(given).model_dump(mode="json")


@dataclass(frozen=True)
class Begun:
    """A repository with a first production model, which was trained before the change, and what is decided today."""

    root: Path
    decision: Path


def begin(root: Path, params: dict[str, Any], today: date, cache: Path) -> Begun:
    """Make it in this process, and let DVC lock it."""
    copy_ours(root, without=LEFT_OUT)
    space = Workspace.create(root)
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    space.run().promote(first=True)
    clone = Clone(root)
    clone.run("init", "--quiet", "--initial-branch=main")
    (root / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n")
    subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", "--quiet", *STAGES], cwd=root, check=True)
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "v1")
    space.set(source={"until": f"{today}"}, report={"max_rows": 0}).run(
        "collect", "prepare", "refit", "alarms", "monitor"
    )
    decision = root.parent / "decision.json"
    shutil.copy(root / DECISION, decision)
    return Begun(root, decision)


@pytest.mark.extended
def test_loop__leaves_no_private_value_behind(tmp_path: Path, language: Language) -> None:
    """The alert, the retraining, its proposal, the release, a data fault and a source that fails, as workflows ship them."""
    today = datetime.now(UTC).date()  # where `driftloop refresh` goes
    changed = today - timedelta(days=SINCE_CHANGE)
    rows = canary.make_rows(today - timedelta(days=DAYS), DAYS, changed=changed)
    table = tmp_path / "outside/rows.csv"
    table.parent.mkdir()
    rows.to_csv(table, index=False)
    begun = begin(tmp_path / "project", make_params(table, f"{changed}"), today, tmp_path / "cache")
    found = tools(tmp_path / "tools", tmp_path / "cache", begun.root / ".cache/refits")
    with setting(tmp_path / "world", language, found) as shop:
        shop.begin(begun.root)
        shop.alert(begun.decision)
        runs = answered(shop)
        canary.faulty(rows, today - timedelta(days=5)).to_csv(table, index=False)
        runs.append(shop.runner.schedule(shop.repo, "monitor.yml"))
        rows.to_csv(table, index=False, header=False)
        runs.append(shop.runner.schedule(shop.repo, "monitor.yml"))
        assert [run.result for run in runs] == ["success"] * (len(runs) - 1) + ["failure"], runs[-2].log
        assert "gets faulty data" in shop.issue(3).title
        assert "found 8 others, not quoted here" in runs[-1].log
        left = dict(left_behind(shop, runs))
    for kind in (
        "measured: reports/evidently/index.html",
        "handover: promote/models/production/model.skops",
        "page of",
    ):
        assert any(kind in name for name in left), sorted(left)
    searched = canary.Canary(rows)
    assert [leak for name, content in left.items() for leak in searched.found(name, content)] == []


def answered(shop: Setting) -> list[Run]:
    """Ask for a retraining, and merge what is proposed."""
    shop.runner.without = {"test", "latest", "checks", "site", "publish"}
    shop.label(1, "retrain-model")
    runs = shop.runner.deliver()
    (pull,) = shop.repo.pulls
    shop.hub.at().get_pull(pull.number).merge()
    runs += shop.runner.deliver()
    assert [release["tag_name"] for release in shop.repo.releases.values()] == [f"{MODEL}@v2.0.0"]
    shop.runner.without -= {"site", "publish"}
    return runs


def left_behind(shop: Setting, runs: list[Run]) -> Iterator[tuple[str, bytes]]:
    """Give all that others can read, by what it is."""
    repo = shop.repo
    yield from canary.objects(repo.git.path)
    yield "repository", json.dumps(asdict(repo), default=str).encode()
    for name, folder in shop.runner.shelf.pages.items():
        yield from ((f"page of {name}: {path}", content) for path, content in canary.files(folder))
    for run in runs:
        for job in run.jobs.values():
            yield f"{run.id}: {job.name}", f"{job.log}\n{job.summary}\n{job.annotations}\n{job.outputs}".encode()
        for name, folder in run.artifacts.items():
            yield from ((f"{run.id}: {name}: {path}", content) for path, content in canary.files(folder))


BROKEN: dict[str, Callable[[str], str]] = {
    "no header": lambda text: text.partition("\n")[2],
    "another delimiter": lambda text: text.replace(",", "~"),
    "a line too long": lambda text: text + text.splitlines()[1] + ",more\n",
    "an open quote": lambda text: text + '"' + text.splitlines()[1],
    "another encoding": lambda text: text + text.splitlines()[1] + "\udce9",
    "a column renamed": lambda text: text.replace("yield", f"{canary.WORD}-yield", 1),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_collect__of_a_broken_file_quotes_no_private_value(broken: str, tmp_path: Path) -> None:
    rows = canary.make_rows(date(2025, 1, 6), 20, changed=date(2025, 1, 20))
    table = tmp_path / "rows.csv"
    table.write_bytes(BROKEN[broken](rows.to_csv(index=False)).encode(errors="surrogateescape"))
    space = Workspace.create(tmp_path / "project")
    (space.root / "params.yaml").write_text(yaml.safe_dump(make_params(table, "2025-01-26")), encoding="utf-8")
    with pytest.raises(LoopError) as caught:
        space.run("collect")
    assert str(table) in str(caught.value)
    assert list(canary.Canary(rows).found("error", str(caught.value).encode())) == []


@pytest.mark.parametrize("kind", ["text", "base64", "number", "rounded", "with commas", "array", "archive", "moment"])
def test_canary__is_found(kind: str) -> None:
    """The search would find what the tests above do not."""
    rows = canary.make_rows(date(2025, 1, 6), 2, changed=date(2025, 1, 7))
    salary, packed, array = float(rows["salary"][3]), io.BytesIO(), io.BytesIO()
    np.save(array, np.array([1.0, salary], dtype=np.float32))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", json.dumps(rows["patient"][1]))
    content = {
        "text": rows["ward"][0].upper().encode(),
        "base64": base64.b64encode(f"a {rows['street'][0]} b".encode()),
        "number": f'{{"median": {salary}}}'.encode(),
        "rounded": f"median {salary:.6g}.".encode(),
        "with commas": f"({salary:,.2f})".encode(),
        "array": array.getvalue(),
        "archive": packed.getvalue(),
        "moment": b"%d," % (pd.Timestamp(rows["ts"][2]).value // 1000),
    }[kind]
    assert list(canary.Canary(rows).found("file", content))
    assert list(canary.Canary(rows.tail(1)).found("file", b"1.5, 540123.25, word, 2025-01-06")) == []
