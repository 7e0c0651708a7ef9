"""The repository on the stand-in for GitHub: what you do on its pages, and what there is to see."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from driftloop.alerting.labels import Label
from driftloop.core.models import card as cards
from driftloop.errors import LoopError
from driftloop.params import parse_params
from driftloop.rehearsal.workingtree import PARAMS
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from driftloop.core.models.card import Card
    from driftloop.githubstub import GitHubServer, Issue, Repository, Token

YOU = "you"
NAME = f"{YOU}/rehearsal"


@dataclass(kw_only=True)
class Remote:
    """A repository of yours, private, so that each token needs its permissions."""

    server: GitHubServer
    repo: Repository = field(init=False)
    _you: Token = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make it."""
        self.repo = self.server.world.repository(NAME, private=True)
        self._you = self.server.world.token(YOU)

    @property
    def origin(self) -> str:
        """Address for git."""
        return f"file://{self.repo.git.path}"

    def label(self, number: int) -> None:
        """Set the label that asks to retrain."""
        self._ask("POST", f"issues/{number}/labels", {"labels": [Label.RETRAIN]})

    def merge(self, number: int) -> None:
        """Merge a pull request."""
        self._ask("PUT", f"pulls/{number}/merge", {})

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 (the stand-in's own address)
            f"{self.server.url}/repos/{NAME}/{path}",
            data=json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self._you.value}", "Content-Type": "application/json"},
        )
        try:  # no proxy between us and ourselves
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60).close()
        except urllib.error.HTTPError as exc:
            msg = f"{method} {path}: {json.loads(exc.read())['message']}"
            raise LoopError(msg) from exc

    @property
    def alerts(self) -> list[Issue]:
        """Open alerts."""
        return [each for each in self.repo.issues.values() if each.state == "open" and Label.ALERT in each.labels]

    @property
    def alert(self) -> Issue:
        """The alert that is open."""
        if not self.alerts:
            msg = "expected an open alert, got none"
            raise LoopError(msg)
        return self.alerts[0]

    def comments(self, number: int) -> list[str]:
        """List the texts of the comments on an issue."""
        return [each.body for each in self.repo.comments.values() if each.number == number]

    def commits(self, issue: Issue) -> list[str]:
        """List the messages of a pull request's commits, oldest first."""
        if issue.pull is None:
            return []
        found = self.repo.git.commits(f"{issue.pull.base_sha}..{issue.pull.head_sha}")
        return [each.message.strip() for each in reversed(found)]

    def checks(self, issue: Issue) -> list[str]:
        """Describe the check runs on the head of a pull request."""
        head = issue.pull.head_sha if issue.pull else ""
        found = [each for each in self.repo.checks.values() if each["head_sha"] == head]
        return [f"check “{each['name']}”, {each['conclusion']}: {each['output']['title']}" for each in found]

    def event(self, number: int) -> dict[str, Any]:
        """Return the event that a workflow gets when you have set the label."""
        return {"action": "labeled", "issue": {"number": number}, "label": {"name": str(Label.RETRAIN)},
                "sender": {"login": YOU}}  # fmt: skip

    def card(self) -> Card:
        """Read production's card on main."""
        params, card = (self.repo.git.run("show", f"main:{path}") for path in (PARAMS, CARD))
        return cards.read_card(card, parse_params(params, where=PARAMS), where=str(CARD))
