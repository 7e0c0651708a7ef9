"""How driftloop gets into a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.errors import LoopError
from driftloop.project.requirement import decide

COMMIT = "a" * 40


def test_decide__from_an_index_is_the_version() -> None:
    found = decide("1.2.0", None)
    assert (found.spec, found.source, found.build) == ("==1.2.0", "", None)
    assert found.why == "driftloop 1.2.0 from the package index"


@pytest.mark.parametrize("url", ["https://git.example.org/x/driftloop.git", "ssh://git@git.example.org/x.git"])
def test_decide__from_git_is_the_commit(url: str) -> None:
    found = decide("1.2.0", {"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT}})
    assert found.source == f'{{ git = "{url}", rev = "{COMMIT}" }}'
    assert found.build is None


@pytest.mark.parametrize(
    "noted",
    [
        {"url": "file:///home/ann/drift%20loop", "dir_info": {"editable": True}},
        {"url": "file:///home/ann/drift%20loop", "dir_info": {}},
        {"url": "file:///home/ann/drift%20loop", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
    ],
)
def test_decide__from_a_folder_is_a_wheel(noted: dict[str, object]) -> None:
    found = decide("1.2.0", noted)
    assert found.source == '{ path = "vendor/driftloop-1.2.0-py3-none-any.whl" }'
    assert found.build == Path("/home/ann/drift loop")


def test_decide__never_writes_a_password_down() -> None:
    with pytest.raises(LoopError) as told:
        decide("1", {"url": "https://ann:secret@git.example.org/x", "vcs_info": {"vcs": "git", "commit_id": COMMIT}})
    assert "secret" not in str(told.value)
    assert str(told.value).startswith("driftloop: expected an installation from a package index, ")
