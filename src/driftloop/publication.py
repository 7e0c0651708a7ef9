"""Decide whether the report may be published on GitHub Pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.github.values import Repository

Setting = Literal["never", "auto", "always"]


class Publication(NamedTuple):
    """Whether the pages may be published, and why."""

    pages: bool
    why: str


def goes_along(other: Setting, mine: Setting) -> bool:
    """Whether the page of another model may go to where that of a model is published: its setting is no stricter."""
    strictness = get_args(Setting)[::-1]  # from always to never
    return strictness.index(other) <= strictness.index(mine)


def decide(setting: Setting, look: Callable[[], Repository]) -> Publication:
    """Decide by `report.pages` and the repository, which is looked up only where the parameter leaves the decision open.

    On most plans of GitHub everybody can read the pages of a private repository, so they are published only on request.
    If Pages are not set up yet, nothing is published and nothing fails: a token of Actions cannot set them up.
    """
    kept, why = "It is the artifact `site` of this run.", ""
    if setting == "never":
        why = "report.pages is never"
    elif (found := look()).private and setting == "auto":
        why = "the repository is private, and report.pages is auto"
    elif not found.has_pages:
        why = "Pages are not set up (Settings → Pages → Source: GitHub Actions)"
    if why:
        return Publication(pages=False, why=f"The report is not published: {why}. {kept}")
    because = "the repository is public, and report.pages is auto" if setting == "auto" else "report.pages is always"
    return Publication(pages=True, why=f"The report goes to Pages: {because}.")
