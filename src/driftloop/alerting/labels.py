"""The labels that the loop reads and sets."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from driftloop.github.hub import Hub


class Label(StrEnum):
    """What a label on an issue or a pull request means."""

    ALERT = "model-alert"
    RETRAIN = "retrain-model"
    KEEP_FRESH = "keep-fresh"
    SNOOZE = "snooze"
    NEW_NORMAL = "new-normal"
    NO_BETTER = "no-better-model"
    PROPOSAL = "model-proposal"
    MONITOR = "monitoring-fails"


SNOOZE_DAYS = 7  # where nobody names a date


class Look(NamedTuple):
    """How a label is shown."""

    color: str
    description: str


LOOKS: dict[Label, Look] = {
    Label.ALERT: Look("d93f0b", "The model wants attention"),
    Label.RETRAIN: Look("0e8a16", "Set by a maintainer: retrain and propose"),
    Label.KEEP_FRESH: Look("5319e7", "Set by a maintainer: propose fresh models for some weeks"),
    Label.SNOOZE: Look("fbca04", f"Set by a maintainer: silent for {SNOOZE_DAYS} days, or until a date"),
    Label.NEW_NORMAL: Look("c5def5", "Set by a maintainer: the data is right, propose to accept it"),
    Label.NO_BETTER: Look("cfd3d7", "Retraining was judged, and production stays"),
    Label.PROPOSAL: Look("1d76db", "A new model, proposed by the loop"),
    Label.MONITOR: Look("b60205", "Nobody watches the model: Monitor itself fails"),
}


def make_label(hub: Hub, label: Label) -> None:
    """Make a label exist; one that does stays as people have made it look."""
    hub.ensure_label(label, color=LOOKS[label].color, description=LOOKS[label].description)
