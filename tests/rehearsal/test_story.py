"""The rehearsal from end to end, with a small model: the real verbs, DVC and git, and the stand-in for GitHub."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import handed
import pytest
from once import once
from rehearsed import User

if TYPE_CHECKING:
    from pathlib import Path

    from handed import Made

pytestmark = pytest.mark.extended
SOONER = 5  # normal days of error: a tree learns less than a forest, so waiting for it costs less


class Played(NamedTuple):
    """A rehearsal that has ended."""

    user: User
    before: dict[str, str]
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture(scope="module")
def played(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Rehearse a repository whose threshold was lowered, and not yet committed; once for all workers."""

    def play(root: Path) -> None:
        user = User.copy(made, root)
        user.set(monitor={"alert_at_days": SOONER})
        (root / "played.json").write_text(json.dumps([user.files(), *user.rehearse()]), encoding="utf-8")

    root = once(tmp_path_factory, "played", play)
    return Played(User(root / "repo", root / "tmp"), *json.loads((root / "played.json").read_text("utf-8")))


def test_rehearse__the_story_comes_out_as_planted(played: Played) -> None:
    assert (played.code, played.err) == (0, "")
    told = [
        "SIMULATED DATA",
        "Files that differ from HEAD: 1",
        "small v1 is healthy",
        "small v1 is outdated",
        "opened #1",
        "and still one alert",
        "workflow starts",
        "handed over in handover-1: promote",
        "proposed in #2",
        "check “driftloop gate”, success",
        "production on main is v2",
        "closed by the merge: #1",
        "small v2 is healthy",
        "small v2 gets faulty data",
        "opened #3",
        "handed over in handover-3: keep production",
        "no branch, no pull request",
        "planted  since 10 Feb 2025",
        "planted  2 Jun 2025 to 15 Jun 2025: The weather service reports °F",
    ]
    places = [played.out.find(words) for words in told]
    assert -1 not in places, told[places.index(-1)]
    assert places == sorted(places)
    assert "secret" not in played.out


def test_rehearse__leaves_texts_to_read(played: Played) -> None:
    names = sorted(path.name for path in (played.user.root / "rehearsal").iterdir())
    assert names == ["1-alert.md", "2-pull-request.md", "3-alert.md", "site", "story.txt"]
    page = played.user.text("site/index.html")
    assert "gets faulty data: fix the data, do not retrain" in page
    assert "<strong>v2</strong> in production since" in page
    assert "replaced by v2" in page
    alert, pull, fault = (played.user.text(name) for name in names[:3])
    assert alert.startswith("# small v1 is outdated: retraining would have paid (simulated data)\n")
    assert "**Proposed in #2.**" in alert
    assert re.match(r"# small: v1 → v2, .* less error \(simulated data\)\n\n`#2` · merged by you", pull)
    assert "2 commits: `data until 2025-04-14T00:00Z`, `promote v2`" in pull
    assert fault.startswith("# small v2 gets faulty data: fix the data, do not retrain")
    assert "labels `model-alert`" in fault
    assert "no-better-model" not in fault  # no model was judged on sound data
    assert re.search(r"\*\*Temperature lies far outside its range [^\n]*: production stays\.\*\*", fault)
    assert played.user.text("story.txt") in played.out


def test_rehearse__touches_nothing_else(played: Played) -> None:
    assert played.user.files() == played.before
    assert list(played.user.tmp.iterdir()) == []


def test_rehearse__a_verb_that_fails_is_one_line(made: Made, tmp_path: Path) -> None:
    user = User.copy(made, tmp_path)
    user.set(
        model="mine", source={"kind": "command", "command": "echo no such table >&2; exit 3", "since": "2024-01-01"}
    )
    code, _, err = user.rehearse()
    assert code == 1
    assert re.fullmatch(
        r"rehearse: step 1, “.*”: `dvc repro prepare` ended with exit code \d+: .*no such table.*\n", err
    )
    assert list(user.tmp.iterdir()) == []
