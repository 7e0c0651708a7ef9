"""`driftloop init`: nothing is overwritten, and nothing is left of what failed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from driftloop.errors import LoopError
from driftloop.project.creating import History, folder
from driftloop.project.tools import Tools

if TYPE_CHECKING:
    from pathlib import Path


def test_folder__with_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(LoopError, match="expected a new or an empty folder"), folder(tmp_path):
        pass
    with pytest.raises(LoopError, match="expected a new or an empty folder"), folder(tmp_path / "a"):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, LoopError, OSError])
def test_folder__that_failed_or_was_interrupted_leaves_nothing(
    tmp_path: Path, error: type[BaseException], *, there: bool
) -> None:
    root = tmp_path / "shop"
    if there:
        root.mkdir()
    with pytest.raises(error), folder(root):  # noqa: PT012
        (root / "x/y").mkdir(parents=True)
        (root / "x/y/z").write_text("half")
        (root / "link").symlink_to(tmp_path)
        raise error
    assert [path.name for path in tmp_path.rglob("*")] == (["shop"] if there else [])


def test_history__of_little_data_leaves_days_to_be_judged() -> None:
    assert History.of(date(2024, 1, 1), date(2024, 12, 26), judged=35).first == date(2024, 6, 4)
    assert History.of(date(2020, 1, 1), date(2026, 1, 1), judged=35).first == date(2021, 2, 4)
    assert History.of(date(2024, 1, 1), date(2024, 1, 20), judged=35).first == date(2024, 1, 20)


def test_tools__a_program_that_fails_is_one_line(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    with pytest.raises(LoopError, match=r"^sh -c echo said >&2; exit 3: exit code 3: said$"):
        tools.run("sh", "-c", "echo said >&2; exit 3")
    with pytest.raises(LoopError, match=r"^no-such-program: cannot be started: No such file or directory; install it$"):
        tools.run("no-such-program")


def test_tools__commits_as_the_person_or_as_driftloop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    tools = Tools(tmp_path)
    tools.run("git", "init", "-q")
    tools.run("git", "config", "user.useConfigOnly", "true")
    (tmp_path / "a").write_text("1")
    tools.commit("first")
    tools.run("git", "config", "user.name", "Ann")
    tools.run("git", "config", "user.email", "ann@example.org")
    (tmp_path / "a").write_text("2")
    tools.commit("second")
    assert tools.run("git", "log", "--format=%an %s").splitlines() == ["Ann second", "driftloop first"]
