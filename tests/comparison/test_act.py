"""The comment on a pull request: real git and DVC for what differs, the stand-in for GitHub for what is told."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from comparisons import make_comparison
from faults import FAULTS

from driftloop.comparison import act
from driftloop.comparison.act import compare
from driftloop.comparison.wording import MARKER, Comparison, text
from driftloop.errors import GitHubError, LoopError
from driftloop.git import Git, GitError
from driftloop.github.hub import Hub
from driftloop.github.runtime import Runtime, Token
from driftloop.githubstub import records

if TYPE_CHECKING:
    from adapter import Site

    from driftloop.githubstub import records

BOT = "github-actions[bot]"
NOWHERE = Git(Path())


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
        "| a: mae | 1.5 | 1.25 | −16.7 % |",
        "| a: r2 | 0.5 | 0.25 | −0.25 |",
        "| a: bias | −3 | −2 | nearer 0 |",
        "| a: rows | 672 | 700 | +28 |",
        "1 metric has no value here: a 1.",
        "3 metrics have no value on main: a 2, b 1.",
        "| a: word | x | y |  |",
        "1 metric is equal on both sides.",
        "| a | 1 | 1.00001 |",
        r"| b.c | \[1, 2\] | \[1, 3\] |",
        r"| b.d | not there | \|x\` |",
    ):
        assert row in said.splitlines(), row
    assert json.loads(json.dumps(act.shown(7, found)))["pull"] == 7


def test_compare__says_what_git_or_dvc_refuse(tree: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GitError, match="couldn't find remote ref"):
        compare(tree, "nowhere")
    with pytest.raises(GitError, match="expected the name of a branch"):
        compare(tree, "--upload-pack=touch pwned")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(LoopError, match=r"dvc metrics diff: ERROR: Only supported for Git repositories"):
        act._diff(tmp_path, "metrics", "HEAD")  # noqa: SLF001


def test_compare__does_not_take_what_dvc_cannot_read_for_nothing(tree: Git) -> None:
    """DVC ends well then, and shows nothing."""
    before = (tree.root / "dvc.lock").read_text(encoding="utf-8")
    (tree.root / "dvc.lock").write_text("stages: nothing\n", encoding="utf-8")
    with pytest.raises(LoopError, match=r"^dvc\.lock: stages: expected keys and values$"):
        compare(tree, "main")
    (tree.root / "dvc.lock").write_text(before, encoding="utf-8")
    with tree.worktree("HEAD") as aside:
        (aside.root / "dvc.lock").write_text("stages: nothing\n", encoding="utf-8")
        broken = aside.commit("broken", ["dvc.lock"])
    tree.push("broken", expected=None, revision=broken)
    said = text(compare(tree, "broken"))
    assert "- **Not all of broken could be read:** failed to load metrics in revision" in said
    assert "metrics have no value on broken: " in said
    assert "is not known" in said
    assert "equal" not in said


# Telling


def run(site: Site, comparison: Comparison, hub: Hub | None = None) -> act.Told:
    return act.run(hub or site.hub(), NOWHERE, 1, diff=lambda _, __: comparison)


def propose(site: Site, head: str = "topic", token: records.Token | None = None) -> None:
    site.stand.clone.push(head, **{"b.txt": "x"})
    site.stand.at(token).create_pull(base="main", head=head, title="Change", body="")


def comments(site: Site) -> list[tuple[str, str]]:
    return [(each.author.login, each.body) for each in site.repo.comments.values()]


def test_run__keeps_one_comment(site: Site) -> None:
    propose(site)
    asked: list[str] = []

    def diff(_: Git, base: str) -> Comparison:
        asked.append(base)
        return make_comparison()

    told = act.run(site.hub(), NOWHERE, 1, diff=diff)
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


def test_run__on_a_proposal_of_the_loop_leaves_the_evidence_to_its_description(site: Site) -> None:
    propose(site, "retrain/issue-1", site.stand.actions(contents="read", pull_requests="write", issues="write"))
    told = run(site, make_comparison())
    assert told.text == text(make_comparison(), evidence=False)
    assert "production: mae" not in comments(site)[0][1]


def test_run__a_branch_of_that_name_by_a_person_is_compared(site: Site) -> None:
    propose(site, "retrain/issue-1")
    assert run(site, make_comparison()).text == text(make_comparison())


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
    """Once the job goes on after the fault, and once it is killed by it and started again.

    Faults before a write take turns: `github/test_faults` has every kind at every call of every write.
    """
    propose(site)
    turns = itertools.cycle(fault for kind, fault in FAULTS.items() if kind != "lost")
    server, repo, newest = site.stand.server, site.repo, make_comparison("c" * 40)

    def begin() -> int:
        repo.comments.clear()
        for _ in range(earlier):
            run(site, make_comparison())
        return len(server.calls)

    start = begin()
    run(site, newest)
    calls, expected = len(server.calls) - start, comments(site)
    for place, lost, killed in itertools.product(range(1, calls + 1), (False, True), (False, True)):
        at, fault = begin() + place, FAULTS["lost"] if lost else next(turns)
        server.faults.at(at, fault)
        if killed:
            with pytest.raises(KilledError):
                run(site, newest, dying(site))
        else:
            run(site, newest)
        assert server.calls[at - 1].fault == fault.kind
        run(site, newest)
        assert comments(site) == expected, (place, fault, killed)
