"""What a job of Actions knows of itself, from its environment and its event."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from exposed import exposed

from driftloop.errors import LoopError
from driftloop.github.runtime import Token, from_environment

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "ghs_notToBeSeenAnywhere"
JOB = {
    "GITHUB_REPOSITORY": "acme/bikes",
    "GITHUB_TOKEN": SECRET,
    "GITHUB_RUN_ID": "42",
    "GITHUB_EVENT_NAME": "issues",
    "GITHUB_STEP_SUMMARY": "/tmp/summary.md",
}


def test_from_environment__of_a_job_on_github_com() -> None:
    found = from_environment(JOB)
    assert (found.owner, found.api_url, found.event_name) == ("acme", "https://api.github.com", "issues")
    assert found.run_url == "https://github.com/acme/bikes/actions/runs/42"
    assert str(found.summary) == "/tmp/summary.md"
    assert found.token.value == SECRET


def test_from_environment__of_a_person_has_no_run() -> None:
    found = from_environment({"GITHUB_REPOSITORY": "acme/bikes", "GITHUB_TOKEN": SECRET})
    assert (found.run_url, found.summary, found.event, found.sender, found.number) == ("", None, {}, "", None)


def test_from_environment__of_an_enterprise_server() -> None:
    server = {"GITHUB_API_URL": "https://ghe.example/api/v3/", "GITHUB_SERVER_URL": "https://ghe.example/"}
    found = from_environment({**JOB, **server})
    assert found.api_url == "https://ghe.example/api/v3"
    assert found.run_url == "https://ghe.example/acme/bikes/actions/runs/42"


def test_event__gives_sender_label_and_number(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    event = {"sender": {"login": "ann"}, "label": {"name": "`$(x)`"}, "issue": {"number": 12}}
    path.write_text(json.dumps(event), encoding="utf-8")
    found = from_environment({**JOB, "GITHUB_EVENT_PATH": str(path)})
    assert (found.sender, found.label, found.number) == ("ann", "`$(x)`", 12)


@pytest.mark.parametrize("event", ['{"sender": null, "issue": {"number": "12; rm -rf /"}}', "[1]", '{"sender": "ann"}'])
def test_event__of_another_shape_gives_nothing(tmp_path: Path, event: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(event, encoding="utf-8")
    found = from_environment({**JOB, "GITHUB_EVENT_PATH": str(path)})
    assert (found.sender, found.label, found.number) == ("", "", None)


@pytest.mark.parametrize("content", [None, "{"])
def test_event__that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "event.json"
    if content:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(LoopError, match=r"^GITHUB_EVENT_PATH: .*event\.json: not a readable event") as caught:
        from_environment({**JOB, "GITHUB_EVENT_PATH": str(path)})
    assert SECRET not in exposed(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", ""),
        ("GITHUB_REPOSITORY", "bikes"),
        ("GITHUB_REPOSITORY", "acme/bikes/issues"),
        ("GITHUB_REPOSITORY", "../.."),
        ("GITHUB_REPOSITORY", "acme/.."),
        ("GITHUB_REPOSITORY", "acme/$(id)"),
        ("GITHUB_API_URL", "http://ghe.example/api/v3"),
        ("GITHUB_API_URL", "ghe.example"),
        ("GITHUB_SERVER_URL", "file:///etc"),
        ("GITHUB_TOKEN", " "),
        ("GITHUB_TOKEN", f"{SECRET}\nX-Other: 1"),
    ],
)
def test_from_environment__refuses_and_names_the_variable_but_never_the_token(name: str, value: str) -> None:
    with pytest.raises(LoopError, match=f"^{name}: ") as caught:
        from_environment({**JOB, name: value})
    assert SECRET not in exposed(caught.value)


def test_token__is_in_no_text_copy_or_json() -> None:
    found = from_environment(JOB)
    for text in (repr(found), str(found), f"{found.token}", repr(found.token), str(asdict(found)), repr(vars(found))):
        assert SECRET not in text
    assert "***" in repr(found)
    with pytest.raises(TypeError):
        json.dumps(Token(SECRET))
    assert copy.deepcopy(found).token.value == SECRET
