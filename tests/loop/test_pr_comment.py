"""The comment on a pull request: real git and DVC for what differs, the stand-in for GitHub for what is told."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from decisions import HOSTILE

from driftloop.errors import GitHubError, LoopError
from driftloop.github.git import Git, GitError
from driftloop.github.hub import Hub
from driftloop.github.runtime import Runtime, Token
from driftloop.loop import pr_comment
from driftloop.loop.pr_comment import MARKER, Change, Comparison, Result, body, compare, text
from driftloop.rehearsal import ERROR, LOST, RESET

if TYPE_CHECKING:
    from adapter import Site

BOT = "github-actions[bot]"
NOWHERE = Git(Path())


def make_comparison(head: str = "b" * 40, **over: Any) -> Comparison:
    given: dict[str, Any] = {
        "base": "main",
        "base_sha": "a" * 40,
        "head_sha": head,
        "metrics": (Change("metrics/production.json", "mae", 84.62, 76.3),),
        "params": (Change("params.yaml", "train.seed", 0, 1),),
        "moved": False,
    }
    return Comparison(**given | over)


# Comparing, with the real DVC

BASE = {"mae": 1.5, "r2": 0.5, "bias": -3.0, "rows": 672, "same": 1.25, "gone": 1, "word": "x", "f1": None}
HEAD = {"mae": 1.25, "r2": 0.25, "bias": -2.0, "rows": 700, "same": 1.25, "new": 1, "word": "y", "f1": 0.5}
DVC = "stages: {}\nmetrics: [metrics/a.json, metrics/b.json]\nparams: [params.yaml]\n"


def git(where: Path, *args: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    return subprocess.run(["git", *who, *args], cwd=where, capture_output=True, text=True, check=True).stdout.strip()


def save(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "change")


def lock(md5: str) -> str:
    out = f"    - path: data/raw\n      hash: md5\n      md5: {md5 * 32}.dir\n      size: 1\n      nfiles: 1\n"
    return f"schema: '2.0'\nstages:\n  collect:\n    cmd: x\n    outs:\n{out}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A checkout as Actions makes it: one commit of the pull request, and no other branch."""
    root = tmp_path_factory.mktemp("pull")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
        git(root, "clone", "--quiet", "origin.git", "work")
        subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=root / "work", check=True)
        files = {"dvc.yaml": DVC, "dvc.lock": lock("1"), "params.yaml": "a: 1\nb: {c: [1, 2]}\n"}
        save(root / "work", {**files, "metrics/a.json": json.dumps(BASE)})
        git(root / "work", "push", "--quiet", "origin", "HEAD:main")
        changed = {"dvc.lock": lock("2"), "params.yaml": "a: 1.00001\nb: {c: [1, 3], d: '|x`'}\n"}
        save(root / "work", {**changed, "metrics/a.json": json.dumps(HEAD), "metrics/b.json": '{"x": 1}'})
        git(root / "work", "push", "--quiet", "origin", "HEAD:topic")
        url = f"file://{root / 'origin.git'}"
        git(root, "clone", "--quiet", "--depth=1", "--single-branch", "--branch=topic", url, "checkout")
        git(root / "checkout", "remote", "set-branches", "origin", "topic")
    return Git(root / "checkout")


def test_compare__fetches_the_base_and_asks_dvc(tree: Git) -> None:
    found = compare(tree, "main")
    assert found.base_sha == tree.remote_head("main")
    assert found.head_sha == tree.head()
    assert found.moved is True
    said = text(found)
    assert "**The data differ too.**" in said
    for row in (
        "| a: mae | 1.5 | 1.25 | −0.25 (−16.7 %) | better |",
        "| a: r2 | 0.5 | 0.25 | −0.25 (−50.0 %) | worse |",
        "| a: bias | -3 | -2 | +1 (+33.3 %) |  |",
        "| a: rows | 672 | 700 | +28 (+4.2 %) |  |",
        "| a: gone | 1 | not here |  |  |",
        "| a: new | not on main | 1 |  |  |",
        "| a: f1 | not on main | 0.5 |  |  |",
        "| a: word | x | y |  |  |",
        "| b: x | not on main | 1 |  |  |",
        "1 metric is equal on both sides.",
        "| a | 1 | 1.00001 |",
        r"| b.c | \[1, 2\] | \[1, 3\] |",
        r"| b.d | not on main | \|x\` |",
    ):
        assert row in said.splitlines(), row
    assert json.loads(json.dumps(pr_comment.shown(7, found)))["pull"] == 7


def test_compare__says_what_git_or_dvc_refuse(tree: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GitError, match="couldn't find remote ref"):
        compare(tree, "nowhere")
    with pytest.raises(GitError, match="expected the name of a branch"):
        compare(tree, "--upload-pack=touch pwned")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(LoopError, match=r"dvc metrics diff: ERROR: Only supported for Git repositories"):
        pr_comment._diff(tmp_path, "metrics", "HEAD")  # noqa: SLF001


def test_compare__does_not_take_what_dvc_cannot_read_for_nothing(tree: Git) -> None:
    """DVC ends well then, and shows nothing."""
    before = (tree.root / "dvc.lock").read_text(encoding="utf-8")
    (tree.root / "dvc.lock").write_text("stages: nothing\n", encoding="utf-8")
    with pytest.raises(LoopError, match=r"dvc metrics diff: failed to load metrics .*dvc\.lock' validation failed"):
        compare(tree, "main")
    (tree.root / "dvc.lock").write_text(before, encoding="utf-8")
    with tree.worktree("HEAD") as aside:
        (aside.root / "dvc.lock").write_text("stages: nothing\n", encoding="utf-8")
        broken = aside.commit("broken", ["dvc.lock"])
    tree.push("broken", expected=None, revision=broken)
    said = text(compare(tree, "broken"))
    assert "- **Not all of broken could be read:** failed to load metrics in revision" in said
    assert "| a: mae | not on broken | 1.25 |  |  |" in said
    assert "is not known" in said
    assert "equal" not in said


# Wording


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("mae", 2.0, 1.0, "| better |"),
        ("mae", 1.0, 2.0, "| worse |"),
        ("refit.rmse", 1.0, 2.0, "| worse |"),
        ("roc_auc", 0.5, 0.75, "| better |"),
        ("mae", None, 1.0, "| not on main | 1 |  |  |"),
        ("mae", float("nan"), 1.0, "| nan | 1 |  |  |"),
        ("mae", float("nan"), float("nan"), "| nan | nan |  |  |"),
        ("mae", None, None, "| not on main | not here |  |  |"),
        ("mae", "high", "low", "| high | low |  |  |"),
        ("accuracy", True, False, "| True | False |  |  |"),
        ("bias", 1.0, 2.0, "| +1 (+100.0 %) |  |"),
        ("mae", 0.0, 2.0, "| +2 | worse |"),
        ("mae", 100.01, 100.02, "| 100.01 | 100.02 | +0.01 (+0.0 %) | worse |"),
    ],
)
def test_text__says_better_or_worse_only_where_it_is_known(name: str, old: Any, new: Any, said: str) -> None:
    made = text(make_comparison(metrics=(Change("metrics/a.json", name, old, new),)))
    assert said in made
    assert "equal" not in made


def test_text__says_when_nothing_differs() -> None:
    same = (Change("m.json", "mae", 1.0, 1.0), Change("m.json", "rows", 3, 3))
    said = text(make_comparison(metrics=same, params=()))
    assert "2 metrics are equal on both sides." in said
    assert "No parameter differs." in said
    assert "No metrics on either side." in text(make_comparison(metrics=()))
    assert "is not known" in text(make_comparison(moved=None))


def test_text__shows_hostile_content_as_it_is() -> None:
    change = Change(HOSTILE, HOSTILE, HOSTILE, "<!-- driftloop:end -->")
    said = text(make_comparison(metrics=(change,), params=(change,), base=HOSTILE))
    assert "<" not in said
    assert "@ann" not in said
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    assert [row.replace(r"\|", "").count("|") for row in rows] == [6, 6, 6, 4, 4, 4]


# Folding


def result(place: int, said: str = "text") -> Result:
    return Result("a" * 40, f"{place:040x}", f"{said} {place}")


def test_body__folds_the_last_three() -> None:
    made = ""
    for place in range(1, 7):
        made = body(result(place), made)
    assert made.startswith(f"{MARKER}\n<!-- driftloop:result {'a' * 40}..{6:040x} -->\ntext 6\n")
    assert [place for place in range(1, 7) if f"text {place}\n" in made] == [3, 4, 5, 6]
    assert made.count("<details>") == made.count("</details>") == 3
    assert body(result(6), made) == made
    assert body(result(6), made.replace("\n", "\r\n")) == made
    again = body(result(4, "other"), made)
    assert "text 4" not in again
    assert [place for place in range(1, 7) if f"text {place}\n" in again] == [3, 5, 6]


def test_body__never_is_longer_than_github_takes() -> None:
    made = ""
    for place in range(1, 5):
        made = body(result(place, "x" * 30_000), made)
        assert len(made) <= 65_536
    assert made.count("<details>") == 1
    made = body(result(9, "line\n" * 30_000), made)
    assert len(made) <= 65_536
    assert made.endswith("longer text.\n<!-- driftloop:end -->")
    rows = tuple(Change("m.json", "|" * 9_000 + str(place), place, place + 1) for place in range(3_000))
    assert len(text(make_comparison(metrics=rows, params=rows))) < 65_536


# Telling


def run(site: Site, comparison: Comparison, hub: Hub | None = None) -> pr_comment.Told:
    return pr_comment.run(hub or site.hub(), NOWHERE, 1, diff=lambda _, __: comparison)


def propose(site: Site) -> None:
    site.stand.clone.push("topic", **{"b.txt": "x"})
    site.stand.at().create_pull(base="main", head="topic", title="Change", body="")


def comments(site: Site) -> list[tuple[str, str]]:
    return [(each.author.login, each.body) for each in site.repo.comments.values()]


def test_run__keeps_one_comment(site: Site) -> None:
    propose(site)
    asked: list[str] = []

    def diff(_: Git, base: str) -> Comparison:
        asked.append(base)
        return make_comparison()

    told = pr_comment.run(site.hub(), NOWHERE, 1, diff=diff)
    assert asked == ["main"]
    assert told.url.startswith("http")
    run(site, make_comparison())
    ((author, first),) = comments(site)
    assert author == BOT
    assert "<details>" not in first
    run(site, make_comparison("c" * 40))
    ((_, second),) = comments(site)
    assert "<details><summary>Earlier: bbbbbbb against aaaaaaa</summary>" in second
    run(site, replace(make_comparison("c" * 40), params=()))
    ((_, third),) = comments(site)
    assert third.count("<details>") == 1


def test_run__leaves_a_strangers_marker_alone_and_finds_its_own_on_any_page(site: Site) -> None:
    propose(site)
    eve = site.stand.at(site.stand.world.token("eve")).get_issue(1)
    eve.create_comment(f"{MARKER}\nmine")
    for place in range(110):
        eve.create_comment(f"{place}")
    run(site, make_comparison())
    run(site, make_comparison("c" * 40))
    assert comments(site)[0] == ("eve", f"{MARKER}\nmine")
    assert [author for author, _ in comments(site)].count(BOT) == 1


def test_run__of_a_fork_gives_the_text_back(site: Site) -> None:
    propose(site)
    poor = site.stand.actions(contents="read", pull_requests="read", issues="read")
    told = run(site, make_comparison(), site.hub(poor))
    assert told.url == ""
    assert "the token lacks a permission" in told.refused
    assert told.text == text(make_comparison())
    assert comments(site) == []


def test_run__without_the_pull_request_says_so(site: Site) -> None:
    with pytest.raises(GitHubError, match="pull request #1: 404"):
        run(site, make_comparison())


class KilledError(BaseException):
    """The job was killed."""


def dying(site: Site) -> Hub:
    def die(_: float) -> None:
        raise KilledError

    token = site.stand.actions(issues="write", pull_requests="write")
    runtime = Runtime(site.repo.name, site.stand.server.url, "https://github.com", Token(token.value))
    site.open.append(Hub(runtime, sleep=die, timeout=5).__enter__())
    return site.open[-1]


@pytest.mark.parametrize("earlier", [0, 1])
def test_run__after_a_fault_at_any_call_leaves_what_it_leaves_without(site: Site, earlier: int) -> None:
    """Once the job goes on after the fault, and once it is killed by it and started again."""
    propose(site)
    server, repo, newest = site.stand.server, site.repo, make_comparison("c" * 40)

    def begin() -> int:
        repo.comments.clear()
        for _ in range(earlier):
            run(site, make_comparison())
        return len(server.calls)

    start = begin()
    run(site, newest)
    calls, expected = len(server.calls) - start, comments(site)
    for place, fault, killed in itertools.product(range(1, calls + 1), (ERROR, LOST, RESET), (False, True)):
        at = begin() + place
        server.faults.at(at, fault)
        if killed:
            with pytest.raises(KilledError):
                run(site, newest, dying(site))
        else:
            run(site, newest)
        assert server.calls[at - 1].fault == fault.kind
        run(site, newest)
        assert comments(site) == expected, (place, fault, killed)
