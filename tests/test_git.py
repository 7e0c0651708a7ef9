"""Plain Git, in real repositories: fetch, commit and push, also against others who push at the same time."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from exposed import exposed

from driftloop.git import AUTHOR, Git, GitError, MovedError
from driftloop.git.process import SECONDS
from driftloop.github.runtime import Token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = "$(touch pwned) `id` \"'; --force ü\n.txt"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user's configuration that gets in the way of everything: the loop has to do without."""
    config = tmp_path / "gitconfig"
    config.write_text(
        "[commit]\n\tgpgSign = true\n\ttemplate = /nowhere\n[core]\n\tquotePath = true\n[fetch]\n\tprune = true\n"
        "[push]\n\tdefault = matching\n\tfollowTags = true\n[log]\n\tshowSignature = true\n[status]\n\tshort = true\n"
        "[i18n]\n\tcommitEncoding = latin1\n[user]\n\tuseConfigOnly = true\n[advice]\n\tstatusHints = true\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def git(where: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=where, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An origin with one commit on main."""
    path = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    return path


def clone(bare: Path, name: str) -> Git:
    git(bare.parent, "clone", "--quiet", str(bare), name)
    return Git(bare.parent / name, sleep=lambda _: None)


@pytest.fixture
def tree(bare: Path) -> Git:
    found = clone(bare, "clone")
    (found.root / "a.txt").write_text("1\n", encoding="utf-8")
    git(found.root, "add", "a.txt")
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgSign=false")
    git(found.root, *who, "commit", "--quiet", "-m", "start")
    git(found.root, "push", "--quiet", "origin", "main")
    return found


def write(tree: Git, **files: str) -> None:
    for name, text in files.items():
        (tree.root / name).write_text(text, encoding="utf-8")


def refs(bare: Path) -> dict[str, str]:
    lines = git(bare, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split(" ") for line in lines)


def content(bare: Path, branch: str) -> dict[str, str]:
    listed = git(bare, "ls-tree", "-r", "-z", "--name-only", branch).split("\0")
    return {path: git(bare, "cat-file", "blob", f"{branch}:{path}") for path in listed if path}


# Committing


def test_commit__takes_the_given_paths_and_nothing_else(tree: Git) -> None:
    write(tree, **{"a.txt": "2\n", "b.txt": "new\n", "c.txt": "not asked for\n"})
    git(tree.root, "add", "c.txt")
    made = tree.commit("promote v2", ["a.txt", "b.txt"])
    assert git(tree.root, "show", "--name-only", "--format=%an|%ae|%cn|%s", made).split() == [
        f"{AUTHOR[0]}|{AUTHOR[1]}|{AUTHOR[0]}|promote",
        "v2",
        "a.txt",
        "b.txt",
    ]
    assert tree.changed() == ["c.txt"]
    assert git(tree.root, "rev-parse", "--abbrev-ref", "HEAD") == "main"


def test_commit__takes_a_deleted_file(tree: Git) -> None:
    (tree.root / "a.txt").unlink()
    tree.commit("gone", ["a.txt"])
    assert tree.files("HEAD") == []
    assert tree.changed() == []


def test_commit__repeats_to_the_same_hash_elsewhere_and_later(tree: Git, bare: Path) -> None:
    other = clone(bare, "other")
    for each in (tree, other):
        write(each, **{"a.txt": "2\n"})
    message = "promote v2\n\n# 14.7 % less error – ü\n\nCloses #12"
    assert tree.commit(message, ["a.txt"]) == other.commit(message, ["a.txt"])
    assert git(tree.root, "log", "-1", "--format=%B") == message


def test_commit__of_no_difference_is_head(tree: Git) -> None:
    before = tree.head()
    assert tree.commit("again", ["a.txt"]) == tree.commit("nothing", []) == before


def test_commit__takes_paths_literally(tree: Git) -> None:
    write(tree, **{HOSTILE: "x\n", "*": "star\n", "-n": "dash\n", "b.txt": "left alone\n"})
    tree.commit("hostile", [HOSTILE, "*", "-n"])
    assert tree.files("HEAD") == sorted([HOSTILE, "*", "-n", "a.txt"])
    assert tree.show("HEAD", HOSTILE) == b"x\n"
    assert tree.changed() == ["b.txt"]


@pytest.mark.parametrize("path", [".", "", "./"])
def test_commit__of_the_whole_tree_is_refused(tree: Git, path: str) -> None:
    with pytest.raises(GitError, match="expected files or folders"):
        tree.commit("all", [path])


@pytest.mark.parametrize("path", ["nowhere.txt", "../outside.txt", "ignored.txt"])
def test_commit__of_what_cannot_be_committed_is_refused(tree: Git, path: str) -> None:
    write(tree, **{".gitignore": "ignored.txt\n", "ignored.txt": "x"})
    (tree.root.parent / "outside.txt").write_text("x", encoding="utf-8")
    before = tree.head()
    with pytest.raises(GitError, match=r"^git add: "):
        tree.commit("no", [path])
    assert tree.head() == before


def test_commit__runs_no_hook(tree: Git, bare: Path) -> None:
    for folder, names in ((tree.root / ".git", ("pre-commit", "commit-msg", "post-commit", "pre-push")),):
        for name in names:
            hook = folder / "hooks" / name
            hook.write_text(f"#!/bin/sh\ntouch {tree.root}/pwned\nexit 1\n", encoding="utf-8")
            hook.chmod(0o755)
    write(tree, **{"a.txt": "2\n"})
    made = tree.commit("unhooked", ["a.txt"])
    tree.push("next", expected=None)
    assert refs(bare)["refs/heads/next"] == made
    assert not (tree.root / "pwned").exists()


def test_git__within_a_hook_of_another_repository_stays_in_its_own(
    tree: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    write(tree, **{"a.txt": "2\n"})
    assert tree.commit("mine", ["a.txt"]) == tree.head()


# Reading


def test_show__tells_a_missing_file_from_a_missing_revision(tree: Git) -> None:
    assert tree.show("HEAD", "a.txt") == b"1\n"
    assert tree.show("HEAD", "b.txt") is None
    with pytest.raises(GitError, match="rev-parse"):
        tree.show("nowhere", "a.txt")
    with pytest.raises(GitError, match="rev-parse"):
        tree.show("--help", "a.txt")


def test_files__of_a_folder(tree: Git) -> None:
    (tree.root / "runs").mkdir()
    write(tree, **{"runs/1.json": "{}", "runs.txt": "x"})
    tree.commit("more", ["runs", "runs.txt"])
    assert tree.files("HEAD", "runs") == ["runs/1.json"]
    assert tree.files("HEAD", "ru") == []


def test_worktree__is_apart_and_leaves_nothing(tree: Git) -> None:
    with tree.worktree("main") as apart:
        write(apart, **{"a.txt": "2\n"})
        made = apart.commit("apart", ["a.txt"])
        folder = apart.root
    assert tree.show(made, "a.txt") == b"2\n"
    assert (tree.root / "a.txt").read_text(encoding="utf-8") == "1\n"
    assert tree.head() != made
    assert not folder.exists()
    assert len(git(tree.root, "worktree", "list").splitlines()) == 1


def test_fetch__after_a_kill_while_a_worktree_was_made(tree: Git, tmp_path: Path) -> None:
    """Git leaves its name without a commit, and says `bad object` ever after."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"driftloop-{ended.pid}-abc"
    with tree.worktree("main") as apart:
        git(tree.root, "worktree", "add", "--quiet", "--detach", "--lock", str(left), "main")
        (tree.root / ".git/worktrees" / left.name / "HEAD").write_text(f"{'0' * 39}1\n")
        with pytest.raises(subprocess.CalledProcessError):
            git(tree.root, "fetch", "--quiet", "origin", "main")
        assert tree.fetch("main") == tree.head()
        assert not left.exists()
        assert apart.head() == tree.head(), "that of a process that runs stays"
    assert len(git(tree.root, "worktree", "list").splitlines()) == 1


def test_run__that_takes_too_long_is_one_line_and_holds_no_token(tree: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "ghs_secret"
    slow = replace(tree, token=Token(token), server_url="https://github.example")
    monkeypatch.setitem(SECONDS, "fetch", 1)
    git(tree.root, "config", "remote.origin.uploadpack", "sleep 60;")
    with pytest.raises(
        GitError, match=r"^git fetch: cannot be run in .*: expected an end within 1 s, still ru"
    ) as caught:
        slow.run("fetch", "origin")
    assert token not in exposed(caught.value)


def test_worktree__lets_errors_out(tree: Git) -> None:
    with pytest.raises(KeyError), tree.worktree("main"):
        raise KeyError
    assert len(git(tree.root, "worktree", "list").splitlines()) == 1


# Pushing


def test_push__makes_moves_and_repeats(tree: Git, bare: Path) -> None:
    start = tree.head()
    tree.push("retrain/issue-1", expected=None)
    assert refs(bare)["refs/heads/retrain/issue-1"] == start == tree.remote_head("retrain/issue-1")
    write(tree, **{"a.txt": "2\n"})
    made = tree.commit("next", ["a.txt"])
    tree.push("retrain/issue-1", expected=start)
    tree.push("retrain/issue-1", expected=start)  # as after an answer that was lost
    assert refs(bare)["refs/heads/retrain/issue-1"] == made
    assert refs(bare)["refs/heads/main"] == start


def test_push__of_rewritten_history_is_held_by_the_lease(tree: Git, bare: Path) -> None:
    other = clone(bare, "other")
    write(other, **{"a.txt": "theirs\n"})
    theirs = other.commit("theirs", ["a.txt"])
    other.push("main", expected=tree.head())
    write(tree, **{"a.txt": "ours\n"})
    before = tree.head()
    tree.commit("ours", ["a.txt"])
    for expected in (before, None):
        with pytest.raises(MovedError, match=f"origin/main: expected .*, got {theirs}"):
            tree.push("main", expected=expected)
    assert refs(bare)["refs/heads/main"] == theirs
    tree.push("main", expected=theirs)
    assert refs(bare)["refs/heads/main"] == tree.head()


def test_push__that_the_server_refuses_says_why(tree: Git, bare: Path) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'refusing to allow a GitHub App to update workflow' >&2\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="refusing to allow a GitHub App to update workflow") as caught:
        tree.push("next", expected=None)
    assert not isinstance(caught.value, MovedError)
    assert "\n" not in str(caught.value)


def test_remote_head__matches_whole_names(tree: Git) -> None:
    tree.push("deep/refs/heads/topic", expected=None)
    assert tree.remote_head("topic") is None
    assert tree.remote_head("deep/refs/heads/topic") == tree.head()


@pytest.mark.parametrize(
    "branch", ["$(touch${IFS}pwned)", "`id`", "a'b\"c", "ü;&|", "retrain/issue-1", "heads/x", "@x"]
)
def test_branch__of_a_strange_name_is_only_a_name(tree: Git, bare: Path, branch: str) -> None:
    tree.push(branch, expected=None)
    assert refs(bare)[f"refs/heads/{branch}"] == tree.fetch(branch) == tree.remote_head(branch)
    made = tree.write_to_branch(branch, {"x": b"1"}, "x")
    assert refs(bare)[f"refs/heads/{branch}"] == made
    assert not (tree.root / "pwned").exists()


@pytest.mark.parametrize(
    "branch", ["", "-d", "--mirror", "a b", "a:main", "*", "a..b", "x.lock", "a\nb", "a\0b", "+main"]
)
def test_branch__that_is_none_is_refused(tree: Git, bare: Path, branch: str) -> None:
    if branch == "+main":  # a plus is allowed, and forces nothing
        tree.push(branch, expected=None)
        assert set(refs(bare)) == {"refs/heads/main", "refs/heads/+main"}
        return
    before = refs(bare)
    actions: list[Callable[[], object]] = [
        lambda: tree.push(branch, expected=None),
        lambda: tree.fetch(branch),
        lambda: tree.remote_head(branch),
        lambda: tree.write_to_branch(branch, {"x": b"1"}, "x"),
    ]
    for action in actions:
        with pytest.raises(GitError, match="expected the name of a branch"):
            action()
    assert refs(bare) == before


# The branch of records


def test_write_to_branch__starts_it_and_adds_to_it(tree: Git, bare: Path) -> None:
    write(tree, **{"a.txt": "uncommitted\n"})
    git(tree.root, "add", "a.txt")
    before = git(tree.root, "status", "--porcelain=v2")
    first = tree.write_to_branch("driftloop", {"runs/1.json": b"{}\n"}, "record 1")
    second = tree.write_to_branch("driftloop", {"runs/2.json": b"{}\n", "latest": b"2"}, "record 2")
    assert git(bare, "log", "--format=%H %P %s", "driftloop").splitlines() == [
        f"{second} {first} record 2",
        f"{first}  record 1",
    ]
    assert content(bare, "driftloop") == {"runs/1.json": "{}", "runs/2.json": "{}", "latest": "2"}
    assert git(tree.root, "status", "--porcelain=v2") == before
    assert tree.remote_head("driftloop") == second


def test_write_to_branch__replaces_and_removes(tree: Git, bare: Path) -> None:
    tree.write_to_branch("driftloop", {"a": b"1", "b/c": b"1", "d": b"1"}, "start")
    tree.write_to_branch("driftloop", {"a": b"2", "d/e": b"2"}, "change", remove=["b/c", "never/was", "a"])
    assert content(bare, "driftloop") == {"a": "2", "d/e": "2"}


def test_write_to_branch__keeps_bytes_and_names_as_they_are(tree: Git) -> None:
    git(tree.root, "config", "core.autocrlf", "true")
    data = bytes(range(256)) + b"\r\n"
    tree.write_to_branch("driftloop", {HOSTILE: data, "-x": b"", "*": b"\n"}, "bytes")
    tip = tree.fetch("driftloop")
    assert tree.files(tip) == sorted([HOSTILE, "-x", "*"])
    assert tree.show(tip, HOSTILE) == data


@pytest.mark.parametrize("path", ["../x", ".git/config", "/etc/passwd", "a//b", "", "a\0b"])
def test_write_to_branch__refuses_paths_that_are_none(tree: Git, bare: Path, path: str) -> None:
    with pytest.raises(GitError, match="driftloop: expected names of files"):
        tree.write_to_branch("driftloop", {path: b"x"}, "no")
    assert "refs/heads/driftloop" not in refs(bare)


def test_write_to_branch__of_what_is_there_makes_no_commit(tree: Git, bare: Path) -> None:
    first = tree.write_to_branch("driftloop", {"1.json": b"{}"}, "record 1")
    assert tree.write_to_branch("driftloop", {"1.json": b"{}"}, "record 1", remove=["2.json"]) == first
    assert git(bare, "rev-list", "--count", "driftloop") == "1"


def test_write_to_branch__has_the_date_that_it_is_given(tree: Git, bare: Path) -> None:
    tree.write_to_branch("driftloop", {"1.json": b"{}"}, "record 1")
    tree.write_to_branch("driftloop", {"2.json": b"{}"}, "record 2", date="2026-02-01T10:00:00+00:00")
    assert git(bare, "log", "--format=%cI %aI", "driftloop").splitlines() == [
        "2026-02-01T10:00:00+00:00 2026-02-01T10:00:00+00:00",
        f"{git(bare, 'log', '-1', '--format=%cI', 'main')} {git(bare, 'log', '-1', '--format=%cI', 'main')}",
    ]


def test_write_to_branch__from_a_shallow_clone(tree: Git, bare: Path) -> None:
    for number in range(3):
        tree.write_to_branch("driftloop", {f"{number}.json": b"{}"}, "record")
    git(bare.parent, "clone", "--quiet", "--depth=1", f"file://{bare}", "shallow")
    Git(bare.parent / "shallow").write_to_branch("driftloop", {"3.json": b"{}"}, "record")
    assert sorted(content(bare, "driftloop")) == [f"{number}.json" for number in range(4)]
    assert git(bare, "rev-list", "--count", "driftloop") == "4"


@pytest.mark.parametrize("writers", [2, 4])
def test_write_to_branch__of_concurrent_writers_loses_nothing(tree: Git, bare: Path, writers: int) -> None:
    del tree
    clones = [Git(clone(bare, f"clone-{number}").root) for number in range(writers)]
    barrier, troubles = threading.Barrier(writers), list[Exception]()

    def work(number: int) -> None:
        try:
            for turn in range(2):
                barrier.wait()
                clones[number].write_to_branch("driftloop", {f"{number}-{turn}": b"x"}, f"record {number}-{turn}")
        except Exception as exc:  # noqa: BLE001 - reported below
            troubles.append(exc)
            barrier.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert sorted(content(bare, "driftloop")) == sorted(f"{n}-{turn}" for n in range(writers) for turn in range(2))
    assert git(bare, "rev-list", "--count", "driftloop") == str(writers * 2)


def test_write_to_branch__finds_its_push_done_when_only_the_answer_was_lost(tree: Git, bare: Path) -> None:
    lost = tree.root.parent / "lost"
    command = lost / "git-receive-pack"
    lost.mkdir()
    command.write_text(f'#!/bin/sh\n"{real_git()}" receive-pack "$@"\nexit 1\n', encoding="utf-8")
    command.chmod(0o755)
    git(tree.root, "config", "remote.origin.receivepack", str(command))
    tree.write_to_branch("driftloop", {"1.json": b"{}"}, "record 1")
    tree.write_to_branch("driftloop", {"2.json": b"{}"}, "record 2")
    assert content(bare, "driftloop") == {"1.json": "{}", "2.json": "{}"}
    assert git(bare, "rev-list", "--count", "driftloop") == "2"


def test_write_to_branch__that_the_server_refuses_ends(tree: Git, bare: Path) -> None:
    (bare / "hooks" / "pre-receive").write_text("#!/bin/sh\necho no >&2\nexit 1\n", encoding="utf-8")
    (bare / "hooks" / "pre-receive").chmod(0o755)
    waits: list[float] = []
    patient = Git(tree.root, sleep=waits.append)
    with pytest.raises(GitError, match=r"^git push: remote: no"):
        patient.write_to_branch("driftloop", {"1.json": b"{}"}, "record 1")
    assert waits == [0.1, 0.2]


def real_git() -> str:
    return subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True, check=True).stdout.strip()


# Errors


def test_error__is_one_line_without_credentials_of_urls(tree: Git) -> None:
    token = Token("ghs_notToBeSeenAnywhere")
    url = f"https://x-access-token:{token.value}@127.0.0.1:1/acme/bikes.git"
    git(tree.root, "remote", "add", "secret", url)
    with pytest.raises(GitError, match=r"^git ls-remote: .*127\.0\.0\.1") as caught:
        Git(tree.root, "secret").remote_head("main")
    assert token.value not in exposed(caught.value)


def test_error__of_a_folder_or_program_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = Token("ghs_notToBeSeenAnywhere")
    with pytest.raises(GitError, match=r"git ls-remote: cannot be run in .*nowhere") as caught:
        Git(tmp_path / "nowhere", "https://github.com/acme/bikes", token).run("ls-remote")
    assert "GIT_CONFIG_VALUE" not in exposed(caught.value)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="cannot be run"):
        Git(tmp_path).head()


def test_succeeds__says_how_a_command_ends(tree: Git) -> None:
    assert tree.succeeds("merge-base", "--is-ancestor", "HEAD", "main")
    assert not tree.succeeds("merge-base", "--is-ancestor", "HEAD", "nowhere")


# A project in a folder of its repository


@pytest.fixture
def folder(tree: Git) -> Git:
    """A project below the top of that repository, committed, with a file of the same name as one at the top."""
    below = tree.root / "models-of/churn"
    below.mkdir(parents=True)
    (below / "a.txt").write_text("below\n", encoding="utf-8")
    tree.commit("two", ["models-of"])
    return replace(tree, root=below)


def test_folder__counts_paths_from_the_project(folder: Git) -> None:
    assert (folder.folder, replace(folder, root=folder.root.parents[1]).folder) == ("models-of/churn", "")
    assert folder.show("HEAD", "a.txt") == b"below\n"
    assert folder.blobs(["HEAD:./a.txt", "HEAD:a.txt"]) == [b"below\n", b"1\n"]
    (folder.root / "b.txt").write_text("new\n", encoding="utf-8")
    (folder.root.parents[1] / "a.txt").write_text("another model's\n", encoding="utf-8")
    assert folder.changed() == ["b.txt"]


def test_folder__is_that_of_a_worktree_too(folder: Git) -> None:
    with folder.worktree("HEAD") as other:
        assert (other.root / "a.txt").read_text("utf-8") == "below\n"
        (other.root / "a.txt").write_text("changed\n", encoding="utf-8")
        made = other.commit("below", ["a.txt"])
    assert (folder.show(made, "a.txt"), folder.blobs([f"{made}:a.txt"])) == (b"changed\n", [b"1\n"])


def test_write_to_branch__from_a_folder_counts_from_the_top_of_the_branch(folder: Git) -> None:
    made = folder.write_to_branch("driftloop", {"records/x/y.json": b"1"}, "one")
    made = folder.write_to_branch("driftloop", {"records/x/z.json": b"2"}, "two")
    assert folder.contents(made) == {"records/x/y.json": b"1", "records/x/z.json": b"2"}
    with pytest.raises(GitError, match="expected names of files"):
        folder.write_to_branch("driftloop", {"../x": b"1"}, "no")
