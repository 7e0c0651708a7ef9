"""Records: what is gathered from a working tree, and what the branch holds afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from decisions import HOSTILE, make_decision, make_finding
from factories import make_params
from faults import BreakingGit
from sites import make_overview

from driftloop import records
from driftloop.core.decision.approval import Approval
from driftloop.core.judging.verdict import Report, Verdict
from driftloop.errors import LoopError
from driftloop.git import Git, GitError
from driftloop.records import Kind, Run
from driftloop.store import files
from driftloop.store.files import write_bytes, write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path

TIME = datetime(2025, 4, 14, 5, 0, tzinfo=UTC)
SHA = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of foo
SECRET = "s3cr3t-row-value"


def git(where: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=where, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's configuration out."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    return path


def clone(bare: Path, name: str = "clone") -> Git:
    """A working tree with one commit."""
    git(bare.parent, "clone", "--quiet", str(bare), name)
    found = Git(bare.parent / name, sleep=lambda _: None)
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    git(found.root, *who, "commit", "--quiet", "--allow-empty", "-m", "start")
    git(found.root, "push", "--quiet", "origin", "HEAD:main", "--force")
    return found


def make_verdict(**over: Any) -> Report:
    verdict = Verdict(outcome="promote", reasons=("9.8 % less error",))
    given = {"production_version": 1, "candidate_sha256": "a" * 64, "until": date(2025, 4, 14), "rule": {}}
    return Report.model_validate({"verdict": verdict, **given, **over})


def fill(root: Path, **decision: Any) -> Path:
    """What a monitor run leaves, by hand."""
    params = make_params(source={"until": "2025-04-14T00:00Z", "path": f"{SECRET}.csv"})
    write_text(root / "params.yaml", yaml.safe_dump(params.model_dump(mode="json", exclude_unset=True)))
    write_json(root / files.DECISION, make_decision(**decision).model_dump(mode="json"))
    write_json(root / files.CARD, {"version": 1, "model": "bikes", "note": SECRET})
    write_bytes(root / files.MODEL, b"foo")
    write_text(root / files.RAW / "rows.csv", SECRET)
    outs = [{"path": "data/raw", "hash": "md5", "md5": "0123.dir", "size": 9}]
    lock = {"schema": "2.0", "stages": {"collect": {"cmd": "x", "outs": outs}, "always": {"cmd": "y"}}}
    write_text(root / "dvc.lock", yaml.safe_dump(lock))
    return root


def make_run(**over: Any) -> Run:
    given: dict[str, Any] = {"kind": Kind.MONITOR, "outcome": "ok", "time": TIME, "id": "77", "attempt": "1"}
    return Run(**given | over)


def on_branch(bare: Path) -> dict[str, Any]:
    paths = git(bare, "ls-tree", "-r", "--name-only", records.BRANCH).splitlines()
    return {path: json.loads(git(bare, "show", f"{records.BRANCH}:{path}")) for path in paths}


# Gathering


def test_collect__has_all_that_reproduces_a_run(tmp_path: Path) -> None:
    write_json(fill(tmp_path) / files.VERDICT, make_verdict().model_dump(mode="json"))
    write_bytes(tmp_path / files.CANDIDATE, b"foo")
    found = records.collect(tmp_path, make_run(revision="c" * 40, links={"run": "https://github.com/r"}))
    assert found.path == "records/2025-04-14/monitor-77-1.json"
    assert found.message == "monitor of bikes: ok"
    content = found.content
    assert (content["kind"], content["outcome"], content["time"]) == ("monitor", "ok", "2025-04-14T05:00:00+00:00")
    assert (content["model"], content["until"], content["revision"]) == ("bikes", "2025-04-14", "c" * 40)
    assert content["decision"]["status"] == "outdated"
    assert content["verdict"]["verdict"]["outcome"] == "promote"
    assert content["data"] == {"collect": {"data/raw": "0123.dir"}, "always": {}}
    assert content["models"] == {"production": {"version": 1, "sha256": SHA}, "candidate": {"sha256": SHA}}
    assert len(content["params"]) == 64
    assert set(content["packages"]) == {"python", *records.PACKAGES}
    assert all(content["packages"].values())
    assert content["notes"] == []


def test_collect__keeps_what_the_dashboard_needs_later(tmp_path: Path) -> None:
    write_json(fill(tmp_path) / files.OVERVIEW, make_overview(steps=14).model_dump(mode="json"))
    write_json(tmp_path / files.CARD, {"version": 1, "model": "bikes", "rows": 9482, "note": SECRET})
    content = records.collect(tmp_path, make_run()).content
    assert [step["window"]["until"] for step in content["steps"]] == [
        "2025-03-17",
        "2025-03-24",
        "2025-03-31",
        "2025-04-07",
    ]
    assert content["models"]["production"] == {"version": 1, "sha256": SHA, "rows": 9482}


def test_collect__an_overview_of_another_version_is_left_out(tmp_path: Path) -> None:
    write_json(fill(tmp_path) / files.OVERVIEW, make_overview(version=2).model_dump(mode="json"))
    assert records.collect(tmp_path, make_run()).content["steps"] == []


def test_read__all_runs_in_order_of_time_also_of_the_first_format(bare: Path) -> None:
    git = clone(bare)
    assert records.read(git) == []
    for place, hour in enumerate((9, 7, 8)):
        made = records.collect(fill(git.root), make_run(id=str(place), time=TIME.replace(hour=hour)))
        made.content["format"] = 1 + place % 2
        records.write(git, made)
    strange = {"records/x/a.json": b"{", "records/x/b.json": b"[1]", "records/x/c.json": b'{"format": 99}'}
    git.write_to_branch(records.BRANCH, strange, "strange", date=TIME.isoformat())
    assert [record["time"][11:13] for record in records.read(git)] == ["07", "08", "09"]


def test_read__what_is_known_here_where_the_remote_is_out_of_reach(bare: Path) -> None:
    git = clone(bare)
    records.write(git, records.collect(fill(git.root), make_run()))
    records.read(git)
    bare.rename(bare.with_name("gone"))
    assert [record["kind"] for record in records.read(git)] == ["monitor"]


def test_read__without_a_repository_there_are_none(tmp_path: Path) -> None:
    assert records.read(Git(tmp_path)) == []


def test_collect__twice_is_the_same_and_other_params_another(tmp_path: Path) -> None:
    first = records.collect(fill(tmp_path), make_run())
    assert records.collect(tmp_path, make_run()) == first
    text = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    write_text(tmp_path / "params.yaml", text.replace("target: y", "target: y\n  target_unit: m"))
    assert records.collect(tmp_path, make_run()).content["params"] != first.content["params"]


def test_collect__holds_nothing_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    assert SECRET not in json.dumps(records.collect(fill(tmp_path), make_run()).content)
    write_text(tmp_path / "params.yaml", f"model: {SECRET}!")
    write_text(tmp_path / files.DECISION, SECRET)
    failed = records.collect(tmp_path, make_run(outcome="failed"))
    assert SECRET not in json.dumps([failed.content, failed.path])


@pytest.mark.parametrize("over", [{"until": date(2025, 4, 7)}, {"production_version": 2}])
def test_collect__leaves_out_a_verdict_of_another_run(tmp_path: Path, over: dict[str, Any]) -> None:
    write_json(fill(tmp_path) / files.VERDICT, make_verdict(**over).model_dump(mode="json"))
    found = records.collect(tmp_path, make_run()).content
    assert found["verdict"] is None
    assert found["notes"] == ["reports/verdict.json: left out, it is about other data or another model"]


@pytest.mark.parametrize("over", [{"until": date(2025, 4, 7)}, {"model": "cars"}])
@pytest.mark.parametrize("outcome", ["ok", "failed"])
def test_collect__leaves_out_a_decision_of_another_run(tmp_path: Path, over: dict[str, Any], outcome: str) -> None:
    found = records.collect(fill(tmp_path, **over), make_run(outcome=outcome))
    assert found.content["decision"] is None
    assert found.content["notes"] == ["reports/decision.json: left out, it is about other data or another model"]
    assert found.path.startswith("records/2025-04-14/")


def test_collect__without_a_decision_is_no_run_that_ended_well(tmp_path: Path) -> None:
    (fill(tmp_path) / files.DECISION).unlink()
    with pytest.raises(LoopError, match=r"reports/decision\.json: not found; run `dvc repro`"):
        records.collect(tmp_path, make_run())


def test_collect__of_a_failed_run_has_what_there_is(tmp_path: Path) -> None:
    (fill(tmp_path) / files.DECISION).unlink()
    write_text(tmp_path / files.VERDICT, '{"verdict": ')
    write_text(tmp_path / "dvc.lock", "stages: [")
    write_text(tmp_path / files.CARD, "[]")
    found = records.collect(tmp_path, make_run(outcome="failed"))
    assert found.message == "monitor of bikes: failed"
    assert found.content["params"]
    assert found.content["notes"] == [
        "reports/decision.json: not there",
        "reports/verdict.json: cannot be read",
        "dvc.lock: cannot be read",
        "models/production/card.json: cannot be read",
    ]


def test_collect__of_a_failed_run_survives_files_without_end(tmp_path: Path) -> None:
    for path in (fill(tmp_path) / files.DECISION, tmp_path / files.CARD):
        write_text(path, "[" * 3_000 + "]" * 3_000)
    write_text(tmp_path / "dvc.lock", f"stages: {'[' * 3_000}{']' * 3_000}")
    write_text(tmp_path / "params.yaml", f"a: {'[' * 3_000}{']' * 3_000}")
    notes = records.collect(tmp_path, make_run(outcome="failed")).content["notes"]
    assert [note.partition(": ")[0] for note in notes] == [
        "params.yaml", "reports/decision.json", "dvc.lock", "models/production/card.json",
    ]  # fmt: skip


def test_collect__keeps_a_record_small(tmp_path: Path) -> None:
    """It stays on the branch for good, and the decision may be forged."""
    reasons = tuple(f"{number}{'x' * 5_000}" for number in range(2_000))
    content = records.collect(fill(tmp_path, reasons=reasons), make_run()).content
    kept = content["decision"]["reasons"]
    assert len(kept) == 201
    assert kept[-1] == "… and 1,800 more"
    assert kept[0] == f"0{'x' * 999}…"
    assert len(json.dumps(content)) < 300_000


def test_collect__of_a_run_that_failed_at_once(tmp_path: Path) -> None:
    found = records.collect(tmp_path, make_run(outcome="failed"))
    assert found.path == "records/unknown/monitor-77-1.json"
    assert found.message == "monitor of a model: failed"
    assert found.content["notes"][0] == "params.yaml: cannot be used"


def test_collect__outside_of_actions_names_runs_by_what_they_hold(tmp_path: Path) -> None:
    fill(tmp_path)
    times = [TIME, TIME, datetime(2025, 4, 14, 6, tzinfo=UTC)]
    first, again, later = (records.collect(tmp_path, make_run(id="", time=time)).path for time in times)
    assert first == again
    assert first != later


# Writing


def test_write__starts_a_branch_with_nothing_else(bare: Path) -> None:
    tree = clone(bare)
    made = records.collect(fill(tree.root), make_run())
    before = git(tree.root, "status", "--porcelain")
    records.write(tree, made)
    assert on_branch(bare) == {made.path: made.content}
    assert git(bare, "log", "--format=%s|%aI", records.BRANCH) == "monitor of bikes: ok|2025-04-14T05:00:00+00:00"
    assert git(tree.root, "status", "--porcelain") == before
    assert git(bare, "rev-list", "--count", "main") == "1"


def test_write__twice_is_once_and_another_attempt_stands_beside(bare: Path) -> None:
    tree = clone(bare)
    made = records.collect(fill(tree.root), make_run())
    assert records.write(tree, made) == records.write(tree, made)
    later = records.collect(tree.root, make_run(time=datetime(2025, 4, 14, 6, tzinfo=UTC)))
    records.write(tree, later)
    assert on_branch(bare) == {made.path: later.content}
    records.write(tree, records.collect(tree.root, make_run(attempt="2", outcome="failed")))
    records.write(tree, records.collect(tree.root, make_run(kind=Kind.RETRAIN)))
    names = [path.rpartition("/")[2] for path in on_branch(bare)]
    assert names == ["monitor-77-1.json", "monitor-77-2.json", "retrain-77-1.json"]


def test_write__at_once_loses_nothing(bare: Path) -> None:
    trees = [clone(bare, f"clone-{place}") for place in range(4)]
    made = [records.collect(fill(tree.root), make_run(id=str(place))) for place, tree in enumerate(trees)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(records.write, trees, made))
    assert on_branch(bare) == {each.path: each.content for each in made}


def test_write__that_was_refused_is_completed_by_the_next(bare: Path) -> None:
    tree = clone(bare)
    made = records.collect(fill(tree.root), make_run())
    hook = bare / "hooks" / "pre-receive"
    write_text(hook, "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError):
        records.write(tree, made)
    hook.unlink()
    records.write(tree, made)
    assert on_branch(bare) == {made.path: made.content}


@pytest.mark.parametrize("when", ["before", "after"])
def test_write__killed_at_any_command_of_git_is_completed_by_the_next(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    tree, broken = clone(bare), BreakingGit(tmp_path, monkeypatch)
    made = records.collect(fill(tree.root), make_run())
    broken.mend()
    records.write(tree, made)
    commands, expected = broken.commands, git(bare, "rev-parse", records.BRANCH)
    for place in range(1, commands + 1):
        git(bare, "update-ref", "-d", f"refs/heads/{records.BRANCH}")
        broken.from_command(place, when)
        with contextlib.suppress(GitError):  # after the last one all is done
            records.write(tree, made)
        broken.mend()
        records.write(tree, made)
        assert git(bare, "rev-parse", records.BRANCH) == expected, place


def test_write__keeps_hostile_words_as_they_are(bare: Path) -> None:
    tree = clone(bare)
    found = make_finding(HOSTILE, HOSTILE)
    made = records.collect(fill(tree.root, status="data fault", findings=[found], reasons=[HOSTILE]), make_run())
    records.write(tree, made)
    assert on_branch(bare)[made.path]["decision"]["findings"][0]["text"] == HOSTILE


def test_approval__comes_back_from_the_one_word_that_a_step_can_put_out() -> None:
    given = Approval.given("renovate[bot]", date(2025, 4, 14), 13, 1)
    assert records.approval(records.approval_word(given)) == given
    assert re.fullmatch(r"[\w-]+", records.approval_word(given))
    assert (records.approval_word(None), records.approval("")) == ("", None)
    for text in ("x", "{}", "e30"):
        with pytest.raises(LoopError, match="--approval: expected the output"):
            records.approval(text)
