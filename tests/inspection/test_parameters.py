"""What `driftloop init` writes for data of others: the stages accept it, and find nothing wrong with the rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foreign_tables import TABLES
from workspace import Workspace

from driftloop.inspection.look import look
from driftloop.inspection.parameters import parameters
from driftloop.params import parse_params
from driftloop.project import calendar, rendering, requirement
from driftloop.project.rendering import Answers

TARGETS = {"air": "pm2.5"}  # where the name does not tell


@pytest.mark.parametrize("name", TABLES)
def test_parameters__of_foreign_data_pass_and_prepare(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    path = TABLES[name](tmp_path / "in")
    found = look(str(path), lambda ranked: TARGETS.get(name, ranked[0]))
    chosen = parameters(found, path=path.relative_to(tmp_path).as_posix(), label_delay_days=3)
    made = calendar.features(found.time.columns[0], found.time.form, chosen.calendar) if chosen.calendar else None
    files = rendering.render(
        Answers(
            model=name,
            requirement=requirement.installed(),
            values=chosen.values,
            comments=chosen.comments,
            features=made,
        )
    )
    params = parse_params(files["params.yaml"], where="params.yaml")
    assert params.data.target == found.target
    space = Workspace.create(tmp_path)
    (tmp_path / "src").mkdir()
    for file in ("params.yaml", "src/features.py"):
        (tmp_path / file).write_text(files[file], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    space.run("collect", "prepare")
    counts = json.loads(Path("metrics/data.json").read_text("utf-8"))
    assert space.json("reports/quality.json")["findings"] == []
    assert (counts["rows"], counts["undated_rows"], counts["duplicates"]) == (found.rows, 0, 0)
