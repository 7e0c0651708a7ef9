"""Words about accepted changes: the pull request, the one comment on the alert, the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.alerting.labels import Label
from driftloop.core.decision.acceptance import HEAD
from driftloop.core.text import line
from driftloop.params.problems import listed
from driftloop.report.markdown import LONGEST_TITLE, cut, plain, quiet, table

if TYPE_CHECKING:
    from driftloop.core.decision.acceptance import Acceptance

MOST_LEFT = 15


def columns(found: Acceptance) -> str:
    """Name the columns."""
    return listed([each.column for each in found.entries], "and")


def title(model: str, found: Acceptance) -> str:
    """Name the pull request; also the message of its commit."""
    return quiet(f"{model}: accept a new normal of {columns(found)}")[:LONGEST_TITLE]


def body(found: Acceptance, number: int, by: str) -> str:
    """Show before and after, and say what follows from a merge."""
    lead = (
        f"**Merge this if the data is right as it is now.** Then Monitor takes these changes as normal from its next run on. "
        f"{plain(by)} asked for it on #{number} with the label `{Label.NEW_NORMAL}`."
    )
    follows = (
        "- Only `data.accepted` in params.yaml changes. Delete a line of it to accept less.",
        "- Production stays, and was not trained on these values: Monitor keeps saying so until a retraining.",
        "- What is usual in these columns is measured anew from *since* on, so no data alarm watches them for three weeks.",
        f"- The label `{Label.NEW_NORMAL}` taken off #{number} closes this pull request. After a merge, revert it.",
    )
    parts = [lead, table(HEAD, [each.cells for each in found.rows]), _left(found), "\n".join(follows)]
    return cut("\n\n".join(part for part in parts if part))


def _left(found: Acceptance) -> str:
    if not found.left:
        return ""
    more = f"\n- and {len(found.left) - MOST_LEFT} more" if len(found.left) > MOST_LEFT else ""
    told = "\n".join(f"- {plain(text)}" for text in found.left[:MOST_LEFT])
    return f"**Still reported afterwards,** since it holds nothing that could be accepted:\n{told}{more}"


def proposed(found: Acceptance, number: int, by: str) -> str:
    """Confirm that a pull request is open, and say how to take it back."""
    return (
        f"**New normal:** once merged, #{number} accepts the change of {plain(columns(found))}, as {plain(by)} asked; taking "
        f"the label `{Label.NEW_NORMAL}` off closes it."
    )


def by_hand(found: Acceptance, link: str, by: str) -> str:
    """Say that a person has to open the pull request."""
    return (
        f"**New normal:** Actions may not create pull requests here, so {plain(by)} has to "
        f"[open the one]({link}) that accepts the change of {plain(columns(found))}."
    )


def forbidden(by: str) -> str:
    """Say that somebody may not ask."""
    return (
        f"**Not accepted:** {plain(by)} has no write access, so a maintainer has to take the label "
        f"`{Label.NEW_NORMAL}` off and set it again."
    )


def nothing(found: Acceptance) -> str:
    """Say that there is nothing to accept."""
    if found.left:
        return (
            f"**Not accepted:** a new category, range, share of missing values or a data alarm can be, and this can not: "
            f"{plain(found.left[0])}{'' if len(found.left) == 1 else f', and {len(found.left) - 1} more'}."
        )
    return "**Not accepted:** the newest run of Monitor names no change of a column that is not accepted already."


UNKNOWN = "**Not accepted:** no run of Monitor on this model is recorded that this version of driftloop can read."


def unwritable(why: str) -> str:
    """Say that params.yaml is written in a way that nothing can be added to."""
    return f"**Not accepted:** {plain(why)}."


def withdrawn(number: int) -> str:
    """Say that the label was taken off."""
    return f"**Taken back:** the label `{Label.NEW_NORMAL}` was taken off, so #{number} is closed."


def screen(found: Acceptance) -> str:
    """Show before and after on a terminal."""
    rows = [HEAD, *(each.cells for each in found.rows)]
    widths = [max(len(line(row[place])) for row in rows) for place in range(len(HEAD))]
    shown = [
        "  ".join(line(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    left = [f"stays: {line(text)}" for text in found.left]
    return "\n".join([*(shown if found.rows else []), *left])
