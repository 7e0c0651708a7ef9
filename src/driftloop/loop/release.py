"""Tag and release the version that a push made production."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop.artifacts import CARD
from driftloop.core.production import Card, read_card
from driftloop.github.git import GitError
from driftloop.report.markdown import plain

if TYPE_CHECKING:
    from driftloop.github.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime
    from driftloop.params import Params


@dataclass(frozen=True)
class Release:
    """Release a commit."""

    tag: str
    target: str
    name: str
    body: str


@dataclass(frozen=True)
class Nothing:
    """Leave everything as it is."""

    reason: str


def plan(git: Git, runtime: Runtime, params: Params) -> Release | Nothing:
    """Compare production's card at HEAD with the one before the push; run by hand, there is nothing to compare with."""
    head = git.head()
    card = read_card((git.show(head, CARD.as_posix()) or b"").decode("utf-8", "replace"), params, where=str(CARD))
    if not card.version:
        return Nothing("there is no production model")
    if runtime.event_name == "push" and not _is_new(git, str(runtime.event.get("before", "")), card):
        return Nothing(f"production is {card.model} v{card.version} as before")
    title = f"{card.model} v{card.version}"
    return Release(f"{card.model}-v{card.version}", head, title, _body(card))


class Done(NamedTuple):
    """What was done, in one line, and for the page of the run."""

    line: str
    summary: str


def act(hub: Hub, action: Release | Nothing) -> Done:
    """Do it, and say what was done; doing it twice changes nothing."""
    if isinstance(action, Nothing):
        return Done(f"nothing to release: {action.reason}", f"Nothing to release: {action.reason}.")
    made = hub.create_release(action.tag, target=action.target, name=action.name, body=action.body)
    return Done(f"released {made.name}: {made.url}", f"Released [{plain(made.name)}]({made.url}).")


def shown(action: Release | Nothing) -> dict[str, Any]:
    """Give an action as data."""
    return {"action": type(action).__name__.lower(), **asdict(action)}


def worded(action: Release | Nothing) -> str:
    """Say what would be done."""
    if isinstance(action, Nothing):
        return f"would release nothing: {action.reason}"
    return f"would release {action.name} as {action.tag} at {action.target[:12]}:\n\n{action.body}"


def _is_new(git: Git, before: str, card: Card) -> bool:
    """Say whether the card is another model or version than before; the first push of a repository promotes nothing."""
    if not re.fullmatch(r"(?!0+$)[0-9a-f]{40}", before):
        return False
    try:
        was = json.loads(git.show(before, CARD.as_posix()) or b"{}")
        return (was.get("model"), was.get("version")) != (card.model, card.version)
    except (GitError, ValueError, AttributeError):  # pushed away by force, or no card
        return True


def _body(card: Card) -> str:
    verdict = card.verdict or {}
    reasons = [plain(str(each)) for each in verdict.get("reasons", ())]
    judged = [f"Verdict: {plain(str(verdict.get('outcome')))}; {'; '.join(reasons)}."] if reasons else []
    trained = f"Trained on {card.rows:,} rows, {card.trained}. Model file: SHA-256 `{card.sha256}`."
    return "\n\n".join([*judged, trained, "The tag holds code, parameters, data hashes and model together."])
