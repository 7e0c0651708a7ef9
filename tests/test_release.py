"""Which push makes a release, and that doing it twice makes one; against the stand-in for GitHub."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from factories import make_params

from driftloop import release
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window
from driftloop.git import Git, GitError
from driftloop.github.runtime import Runtime, Token
from driftloop.nothing import Nothing
from driftloop.release import Release

if TYPE_CHECKING:
    from adapter import Site

PARAMS = make_params()
CARD = "models/production/card.json"


def card(version: int, **over: Any) -> str:
    reasons = ["9.8 % less error", "asked by @ann"]
    given = {
        "version": version,
        "model": PARAMS.model,
        "recipe": recipe_of(PARAMS),
        "trained": Window(since=date(2024, 1, 1), until=date(2024, 12, 30)),
        "sha256": "0" * 64,
        "verdict": {"outcome": "promote", "reasons": reasons},
    }
    return json.dumps(Card.model_validate({**given, **over}).model_dump(mode="json"))


def push(site: Site, text: str) -> str:
    """Push a card to main, as a merge does."""
    (site.stand.clone.root / CARD).parent.mkdir(parents=True, exist_ok=True)
    return site.stand.clone.push("main", **{CARD: text})


def plan(site: Site, before: str = "", event: str = "push") -> Release | Nothing:
    url = site.stand.server.url
    runtime = Runtime("acme/bikes", url, "https://github.com", Token("t"), event_name=event)
    runtime = replace(runtime, event={"before": before})
    return release.plan(Git(site.stand.clone.root), runtime, PARAMS)


def test_plan__a_new_version_is_released(site: Site) -> None:
    before, head = push(site, card(1)), push(site, card(2))
    found = plan(site, before)
    assert isinstance(found, Release)
    assert (found.tag, found.target, found.name) == (f"{PARAMS.model}@v2.0.0", head, f"{PARAMS.model} v2")
    assert "9.8 % less error; asked by @\u200bann" in found.body
    assert found.body.startswith("Replaces v1.\n\n")


def test_plan__a_card_with_another_note_is_none(site: Site) -> None:
    before = push(site, card(2))
    push(site, card(2, rows=5))
    assert plan(site, before) == Nothing(f"production is {PARAMS.model} v2 as before")


def test_plan__the_first_push_of_a_repository_promotes_nothing(site: Site) -> None:
    push(site, card(1))
    assert isinstance(plan(site, "0" * 40), Nothing)


@pytest.mark.parametrize("before", ["", "--upload-pack=x", "HEAD"])
def test_plan__takes_no_other_word_for_a_commit(site: Site, before: str) -> None:
    push(site, card(1))
    assert isinstance(plan(site, before), Nothing)


def test_plan__a_commit_that_was_pushed_away_hides_no_promotion(site: Site) -> None:
    push(site, card(2))
    assert isinstance(plan(site, "1" * 40), Release)


def test_plan__by_hand_releases_what_is_there(site: Site) -> None:
    push(site, card(3))
    assert isinstance(plan(site, event="workflow_dispatch"), Release)


def test_plan__without_production_is_nothing(site: Site) -> None:
    push(site, json.dumps(Card().model_dump(mode="json")))
    assert plan(site, event="workflow_dispatch") == Nothing("there is no production model")


def test_act__twice_makes_one_release(site: Site) -> None:
    before, head = push(site, card(1)), push(site, card(2))
    done = [release.act(site.hub(), Git(site.stand.clone.root), plan(site, before)) for _ in range(2)]
    assert done[0] == done[1]
    assert re.fullmatch(rf"Released \[{PARAMS.model} v2\]\(https?://\S+\)\.", done[0].summary)
    assert [each.tag for each in site.hub().releases()] == [f"{PARAMS.model}@v2.0.0"]
    assert site.repo.git.resolve(f"refs/tags/{PARAMS.model}@v2.0.0") == head


def test_act__gto_reads_its_tags(site: Site) -> None:
    """The registry of DVC's makers, which DVC brings along; it reads annotated tags only."""
    before = push(site, card(1))
    for version in (2, 3):
        head = push(site, card(version))
        release.act(site.hub(), Git(site.stand.clone.root), plan(site, before))
        before = head
    site.stand.clone.run("fetch", "--quiet", "--tags", "origin")
    gto = Path(sys.executable).with_name("gto")
    shown = subprocess.run(
        [gto, "show", PARAMS.model, "--json"], cwd=site.stand.clone.root, capture_output=True, check=True
    )
    rows = json.loads(shown.stdout)
    assert (rows[0]["version"], rows[0]["commit_hexsha"]) == ("v3.0.0", head)
    assert {each["version"] for each in rows} == {"v2.0.0", "v3.0.0"}


def test_act__a_tag_on_another_commit_is_not_moved(site: Site) -> None:
    before = push(site, card(1))
    site.stand.clone.run("tag", f"{PARAMS.model}@v2.0.0")
    site.stand.clone.run("push", "--quiet", "origin", f"{PARAMS.model}@v2.0.0")
    push(site, card(2))
    with pytest.raises(GitError, match="delete the tag, or release that commit by hand"):
        release.act(site.hub(), Git(site.stand.clone.root), plan(site, before))


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Merge pull request #2 from acme/retrain/issue-1", "Proposed in #2."),
        ("bikes: v1 → v2, 9.8 % less error (#7)", "Proposed in #7."),
        ("promote v2", ""),
    ],
)
def test_plan__names_the_pull_request_that_was_merged(site: Site, subject: str, said: str) -> None:
    before = push(site, card(1))
    push(site, card(2))
    site.stand.clone.run("commit", "--quiet", "--amend", "-m", subject)
    found = plan(site, before)
    assert isinstance(found, Release)
    assert found.body.splitlines()[0] == f"Replaces v1. {said}".strip()
