"""Tag and release the version that a push made production."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop.core.models.card import Card, read_card
from driftloop.git import GitError
from driftloop.lineage import tag_of
from driftloop.nothing import Nothing
from driftloop.report import release_notes as texts
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime
    from driftloop.params import Params

COMMIT = re.compile(r"(?!0+$)[0-9a-f]{40}")


@dataclass(frozen=True)
class Release:
    """Release a commit."""

    tag: str
    target: str
    name: str
    body: str


def plan(git: Git, runtime: Runtime, params: Params) -> Release | Nothing:
    """Compare production's card at HEAD with the one before the push; run by hand, there is nothing to compare with."""
    head = git.head()
    card = read_card((git.show(head, CARD.as_posix()) or b"").decode("utf-8", "replace"), params, where=str(CARD))
    if not card.version:
        return Nothing("there is no production model")
    before = str(runtime.event.get("before", ""))
    if runtime.event_name == "push" and not _is_new(git, before, card):
        return Nothing(f"production is {card.model} v{card.version} as before")
    title, replaced = f"{card.model} v{card.version}", _was(git, before).get("version")
    notes = texts.notes(
        card, replaced=replaced if isinstance(replaced, int) else 0, subject=git.run("log", "-1", "--format=%s", head)
    )
    return Release(tag_of(card.model or params.model, card.version), head, title, notes)


class Done(NamedTuple):
    """What was done, in one line, and a text for the page of the run."""

    said: str
    summary: str


def act(hub: Hub, git: Git, action: Release | Nothing) -> Done:
    """Do it, and say what was done; doing it twice changes nothing."""
    if isinstance(action, Nothing):
        said = f"nothing to release: {action.reason}"
        return Done(said, f"{said[:1].upper()}{said[1:]}.")
    if hub.release(action.tag) is None:  # GitHub would make a lightweight tag, which GTO passes over
        git.tag(action.tag, action.target, action.name)
    made = hub.create_release(action.tag, target=action.target, name=action.name, body=action.body)
    return Done(f"released {made.name}: {made.url}", texts.summary(made.name, made.url))


def shown(action: Release | Nothing) -> dict[str, Any]:
    """Return an action as data."""
    return {"action": type(action).__name__.lower(), **asdict(action)}


def worded(action: Release | Nothing) -> str:
    """Describe what would be done."""
    if isinstance(action, Nothing):
        return f"would release nothing: {action.reason}"
    return f"would release {action.name} as {action.tag} at {action.target[:12]}:\n\n{action.body}"


def _is_new(git: Git, before: str, card: Card) -> bool:
    """Whether the card is another model or version than before; the first push of a repository promotes nothing."""
    if not COMMIT.fullmatch(before):
        return False
    was = _was(git, before)
    return (was.get("model"), was.get("version")) != (card.model, card.version)


def _was(git: Git, before: str) -> dict[str, Any]:
    """Read the card of a commit; empty where the commit was pushed away by force, or had none."""
    try:
        found = json.loads(git.show(before, CARD.as_posix()) or b"{}") if COMMIT.fullmatch(before) else {}
    except (GitError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
