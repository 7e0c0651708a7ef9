"""The standing approval: one answer of a maintainer allows refreshes of production for some weeks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from driftloop.core.decision.statuses import STATUSES, Status

End = Literal["time", "label", "degraded"]


class Approval(BaseModel):
    """Who allowed refreshes, and for how long.

    Attributes
    ----------
    by
        Login of the maintainer.
    since, until
        End of the data (exclusive) when it was given; the first end of data that it does not cover any more. Days of the
        data and not of the clock: for live sources they are the same, and replayed ones are judged by their own time.
    version
        Of production when it was given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    since: date
    until: date
    version: int

    @classmethod
    def given(cls, by: str, since: date, weeks: int, version: int) -> Approval:
        """Return the approval that somebody gives when data ends (exclusive) on the day `since`."""
        return cls(by=by, since=since, until=since + timedelta(weeks=weeks), version=version)


def ends(approval: Approval, until: date, status: Status, version: int, *, labelled: bool = True) -> End | None:
    """Say what ends an approval, if anything does; faulty data only stops refreshes for as long as it lasts, see `rests`.

    *Degraded* ends it once it has brought a version: then fresh models do not help. Before that a refresh is what may.

    Parameters
    ----------
    approval
        The one in force.
    until, status, version
        End of the data (exclusive), and how production is then, and which one it is.
    labelled
        Whether the alert still has the label.
    """
    if not labelled:
        return "label"
    if status == "degraded" and version > approval.version:
        return "degraded"
    return "time" if until >= approval.until else None


def rests(status: Status) -> bool:
    """Whether nothing is refreshed within an approval for now: the data is broken or missing."""
    return STATUSES[status].about == "data"
