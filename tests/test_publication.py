"""When the pages are published, and what is said where they are not."""

from __future__ import annotations

import pytest

from driftloop import publication
from driftloop.github.values import Repository


@pytest.mark.parametrize(
    ("setting", "private", "published"),
    [("auto", False, True), ("auto", True, False), ("always", True, True), ("never", False, False)],
)
def test_decide__of_private_repositories_has_to_be_asked_for(
    setting: publication.Setting, *, private: bool, published: bool
) -> None:
    found = publication.decide(setting, lambda: Repository(private=private, has_pages=True))
    assert found.pages is published
    assert f"report.pages is {setting}" in found.why


@pytest.mark.parametrize("setting", ["auto", "always"])
def test_decide__waits_for_pages_to_be_set_up(setting: publication.Setting) -> None:
    found = publication.decide(setting, lambda: Repository(private=False, has_pages=False))
    assert found == publication.Publication(
        pages=False,
        why="The report is not published: Pages are not set up (Settings → Pages → Source: GitHub Actions). "
        "It is the artifact `site` of this run.",
    )


def test_decide__asks_nobody_where_the_parameter_says_it() -> None:
    def refused() -> Repository:
        raise AssertionError

    assert publication.decide("never", refused).pages is False


def test_goes_along__only_what_is_no_stricter() -> None:
    settings: list[publication.Setting] = ["never", "auto", "always"]
    allowed = {mine: [other for other in settings if publication.goes_along(other, mine)] for mine in settings}
    assert allowed == {"never": settings, "auto": ["auto", "always"], "always": ["always"]}
