"""The stand-in as a server on loopback: it authorises, judges, answers, and fails when told to."""

from __future__ import annotations

import json
import threading
import traceback
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from driftloop.githubstub.answers import Call, Refused, Reply, lacking, missing
from driftloop.githubstub.contract import Contract
from driftloop.githubstub.faults import Faults
from driftloop.githubstub.listener import Listener, Seen
from driftloop.githubstub.pushes import observe_pushes
from driftloop.githubstub.records import Actor, Token
from driftloop.githubstub.routes import ROUTES, Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from driftloop.githubstub.faults import Fault
    from driftloop.githubstub.records import Repository
    from driftloop.githubstub.state import World

STRANGER = Token("", Actor("stranger", 0), "anonymous")


class GitHubServer:
    """A stand-in for GitHub's REST API; a context manager.

    Attributes
    ----------
    url
        Where it listens; to be given to PyGithub as `base_url`.
    calls
        Every call since the start or since `calls.clear()`.
    faults
        What is to go wrong.
    violations
        What was asked or answered against GitHub's description. With `strict`, such a call fails with 500.
    """

    def __init__(self, world: World, *, strict: bool = False) -> None:
        self.world = world
        self.strict = strict
        self.calls: list[Seen] = []
        self.faults = Faults()
        self.violations: list[str] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._contract = Contract()
        self._http = Listener(self)
        self.url = self._contract.home = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.drop_connections()
        self._http.server_close()

    def note(self, method: str, path: str) -> tuple[Seen, Fault | None]:
        """Record a call, and return the fault that is planned for it."""
        with self._lock:
            seen = Seen(method, path)
            self.calls.append(seen)
            fault = self.faults.due(len(self.calls), method, path)
            seen.fault = fault.kind if fault else None
            return seen, fault

    def handle(self, seen: Seen, target: str, headers: Mapping[str, str], data: bytes) -> Reply:
        """Answer a call; one at a time."""
        with self._lock:
            try:
                observe_pushes(self.world)
                reply, problems = self._answer(seen, target, headers, data)
            except Exception:  # noqa: BLE001 - a fault of the stand-in, which a test has to see
                reply, problems = Reply(500, {"message": "The stand-in failed"}), [traceback.format_exc()]
            self.violations += problems
            if problems and self.strict:
                reply = Reply(500, {"message": "Against GitHub's description", "errors": problems})
            seen.status = reply.status
            return reply

    def _answer(self, seen: Seen, target: str, headers: Mapping[str, str], data: bytes) -> tuple[Reply, list[str]]:
        parts = urlsplit(target)
        found = self._contract.find(seen.method, parts.path)
        if found is None:
            return missing().reply, [f"{seen.method} {parts.path}: GitHub's description (as cut down) has no such call"]
        key, params = found
        problems: list[str] = []
        try:
            token = self._token(headers.get("Authorization", ""))
            seen.login = token.actor.login
            body, query = _parsed(data), dict(parse_qsl(parts.query, keep_blank_values=True))
            repo = self._repository(params, token)
            problems += self._contract.request_problems(key, query, body)
            needs = ROUTES[key].needs if key in ROUTES else ""
            body = {"labels": body} if isinstance(body, list) else body or {}
            here = (self._contract, self.url, seen.method, parts.path)
            reply = _answered(key, Call(self.world, repo, token, *here, params, query, body, needs), problems)
        except Refused as refused:
            reply = refused.reply
        return reply, [*problems, *self._contract.response_problems(key, reply.status, reply.payload)]

    def _token(self, header: str) -> Token:
        if not header:
            return STRANGER
        token = self.world.tokens.get(header.partition(" ")[2])
        if token is None or header.partition(" ")[0].lower() not in {"token", "bearer"}:
            raise Refused(401, "Bad credentials")
        return token

    def _repository(self, params: Mapping[str, str], token: Token) -> Repository:
        if "repo" not in params:  # /user and /rate_limit are about none
            return next(iter(self.world.repositories.values()))
        repo = self.world.repositories.get(f"{params['owner']}/{params['repo']}")
        numbers = [
            value for name, value in params.items() if name.endswith(("_number", "_id")) and name != "workflow_id"
        ]
        if repo is None or not repo.visible(token) or not all(value.isdecimal() for value in numbers):
            raise missing()
        return repo


def _answered(key: str, call: Call, problems: Sequence[str]) -> Reply:
    if key not in ROUTES:
        raise Refused(501, f"The stand-in does not answer {key}")
    if "repo" in call.params:
        _authorise(call, ROUTES[key])
    if problems:
        raise Refused(422, "Invalid request.\n\n" + "\n".join(problems))
    return ROUTES[key].answer(call)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None


def _authorise(call: Call, route: Route) -> None:
    """Check one of the sets of permissions that a route names."""
    for alternative in route.needs.split("; "):
        pairs = [pair.partition("=") for pair in alternative.split(",")]
        if all(call.repo.allows(call.token, permission, level, route.role) for permission, _, level in pairs):
            return
    raise lacking(call.token, route.needs)
