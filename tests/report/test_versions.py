"""Lives of production models: by records, and by Git's history."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sites import BUILT, make_record

from driftloop import lineage
from driftloop.git import Git
from driftloop.report.dashboard import history
from driftloop.report.dashboard.versions import Known, versions
from driftloop.store.files import CARD, write_json

if TYPE_CHECKING:
    from pathlib import Path

ANN = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
LOOP = ("-c", "user.name=driftloop", "-c", "user.email=driftloop@users.noreply.github.com")


def run(day: int, version: int, sha: str, kind: str = "monitor") -> dict[str, Any]:
    made = make_record(BUILT + timedelta(days=day), kind, version=version, number=day + 1)
    made["models"]["production"]["sha256"] = sha
    return made


def lives(*records: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each.number, each.ended) for each in versions(history.runs(records, "bikes"))][::-1]


def test_versions__that_were_taken_back() -> None:
    found = lives(
        run(0, 1, "a"), run(1, 2, "b", "promote"), run(2, 2, "b"), run(3, 1, "a", "promote"), run(4, 2, "c", "promote")
    )
    assert found == [
        (1, "replaced by v2"), (2, "taken back: v1 is production again"), (1, "replaced by v2"), (2, ""),
    ]  # fmt: skip


def test_versions__a_run_that_was_recorded_late_ends_nothing() -> None:
    found = lives(run(0, 1, "a"), run(1, 2, "b", "promote"), run(2, 1, "a"), run(3, 2, "b"))
    assert found == [(1, "replaced by v2"), (2, "")]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    found = Git(tmp_path)
    found.run("init", "--quiet", "--initial-branch=main")
    return found


def promote(git: Git, version: int, message: str, who: tuple[str, ...] = ANN) -> None:
    write_json(
        git.root / CARD, {"version": version, "model": "bikes", "sha256": f"{version:064x}", "rows": 100 * version}
    )
    git.run("add", "--all")
    git.run(*who, "commit", "--quiet", "--no-gpg-sign", "-m", message)


def merge(git: Git) -> None:
    git.run("checkout", "--quiet", "-b", "retrain/issue-12")
    promote(git, 2, "promote v2", LOOP)
    git.run("checkout", "--quiet", "main")
    git.run(
        *ANN,
        "merge",
        "--quiet",
        "--no-ff",
        "--no-gpg-sign",
        "-m",
        "Merge pull request #13 from acme/retrain/issue-12",
        "retrain/issue-12",
    )


def test_lineage__knows_merge_pull_request_and_revert(git: Git) -> None:
    promote(git, 1, "first")
    merge(git)
    merged = git.head()
    git.run(*ANN, "revert", "--no-edit", "-m", "1", merged)
    promote(git, 2, "bikes: v1 → v2 (#21)", LOOP)
    changes = lineage.read(git)
    assert [(each.card.version, each.pull, each.issue, each.by) for each in changes] == [
        (1, 0, 0, "Ann"), (2, 13, 12, "Ann"), (1, 0, 0, "Ann"), (2, 21, 0, ""),
    ]  # fmt: skip
    found = versions([], changes, "https://github.com/acme/bikes")
    assert [each.number for each in found] == [2, 1, 2, 1]
    assert found[2].ended == "taken back: v1 is production again"
    assert [each.returned for each in found] == [True, True, False, False]
    assert found[2].revert == f"git revert -m 1 {merged[:12]}"
    assert found[2].links["alert"] == "https://github.com/acme/bikes/issues/12"
    assert (found[2].rows, found[2].merged_by, found[2].asked_by) == (200, "Ann", "")
    git.run(*ANN, *found[0].revert.split()[1:], "--no-edit")
    assert json.loads((git.root / CARD).read_text("utf-8"))["version"] == 1


def test_lineage__of_a_shallow_clone_or_no_repository_is_unknown(git: Git, tmp_path: Path) -> None:
    promote(git, 1, "first")
    promote(git, 2, "second")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{git.root}", str(tmp_path / "clone")], check=True)
    assert lineage.read(Git(tmp_path / "clone")) == []
    (tmp_path / "none").mkdir()
    assert len(lineage.read(git)) == 2


def test_lineage__a_card_that_is_none_ends_no_page(git: Git) -> None:
    promote(git, 1, "first")
    for broken in ("[" * 5000, '{"version": "two"}'):
        (git.root / CARD).write_text(broken)
        git.run("add", "--all")
        git.run(*ANN, "commit", "--quiet", "--no-gpg-sign", "-m", "broken")
    assert [each.card for each in lineage.read(git)][1:] == [Known(), Known()]


def test_lineage__finds_versions_that_only_a_tag_leads_to(git: Git) -> None:
    """Somebody began the history anew; GTO's tags, and those of the first driftloop, still hold what was released."""
    for version, tag in ((1, "bikes-v1"), (2, lineage.tag_of("bikes", 2)), (3, "other@v3.0.0")):
        promote(git, version, f"v{version}")  # all within a second, as the worst that can happen
        git.run(*ANN, "tag", "-a", "--no-sign", tag, "-m", "released")
    git.run("checkout", "--quiet", "--orphan", "anew")
    promote(git, 4, "all in one")
    assert [each.card.version for each in lineage.read(git)] == [4]
    assert [each.card.version for each in lineage.every(git, "bikes")] == [1, 2, 4]
    assert lineage.highest(git, "bikes") == 4
    assert (lineage.highest(git, "trees"), lineage.highest(Git(git.root / "none"), "bikes")) == (0, 0)


def test_versions__knows_who_asked_for_a_rollback(git: Git) -> None:
    promote(git, 1, "first")
    merge(git)
    card = json.loads((git.root / CARD).read_text("utf-8"))
    write_json(git.root / CARD, {**card, "version": 3, "sha256": f"{1:064x}", "restores": 1})
    git.run(*ANN, "commit", "--quiet", "--no-gpg-sign", "-am", "Merge pull request #15 from acme/rollback/v1")
    changes = lineage.every(git, "bikes")
    record = run(0, 2, f"{2:064x}", "rollback") | {"by": "bob", "time": changes[-1].time.isoformat()}
    newest = versions(history.runs([record], "bikes"), changes)[0]
    assert (newest.number, newest.restores, newest.asked_by, newest.pull, newest.issue) == (3, 1, "bob", 15, 0)
