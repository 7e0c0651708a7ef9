"""What steps tell the page of the run and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftloop.errors import LoopError
from driftloop.github import steps

if TYPE_CHECKING:
    from pathlib import Path


def test_summarise__adds(tmp_path: Path) -> None:
    env = {"GITHUB_STEP_SUMMARY": str(tmp_path / "page.md")}
    assert steps.summarise(env, "one")
    assert steps.summarise(env, "two")
    assert (tmp_path / "page.md").read_text() == "one\n\ntwo\n\n"


@pytest.mark.parametrize("env", [{}, {"GITHUB_STEP_SUMMARY": ""}])
def test_summarise__at_home_does_nothing(env: dict[str, str]) -> None:
    assert not steps.summarise(env, "one")


def test_output__is_read_as_one_value(tmp_path: Path) -> None:
    env = {"GITHUB_OUTPUT": str(tmp_path / "out")}
    steps.output(env, "base", "0123abc")
    steps.output(env, "tag", "")
    steps.output(env, "new", "bikes@v2.0.0")
    assert (tmp_path / "out").read_text() == "base=0123abc\ntag=\nnew=bikes@v2.0.0\n"


@pytest.mark.parametrize("value", ["a\nother=1", "a b", "<<EOF", "a=b"])
def test_output__refuses_what_could_be_two(tmp_path: Path, value: str) -> None:
    with pytest.raises(LoopError, match="GITHUB_OUTPUT: tag: expected one word"):
        steps.output({"GITHUB_OUTPUT": str(tmp_path / "out")}, "tag", value)
    assert not (tmp_path / "out").exists()


def test_output__that_is_lost_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoopError, match="could not be handed to later steps"):
        steps.output({"GITHUB_OUTPUT": str(tmp_path)}, "tag", "v1")
    steps.output({}, "tag", "v1")


def test_summarise__writes_half_a_character_as_a_mark(tmp_path: Path) -> None:
    assert steps.summarise({"GITHUB_STEP_SUMMARY": str(tmp_path / "page.md")}, "a\ud800b")
    assert (tmp_path / "page.md").read_text("utf-8") == "a?b\n\n"


def test_say__is_obeyed_by_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    steps.say("one\n  ::stop-commands::x\ntwo ##[error]y\u202e\x1b[2J\ud800")
    assert capsys.readouterr().out == "one\n  : :stop-commands::x\ntwo # #[error]y[2J\ufffd\n"
