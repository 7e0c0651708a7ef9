"""What a call is answered with: a reply, a page of a list, or a refusal in GitHub's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from driftloop.githubstub.contract import Contract
    from driftloop.githubstub.records import Issue, Repository, Token
    from driftloop.githubstub.state import World

DOCUMENTATION = "https://docs.github.com/rest"
LONGEST_BODY = 65_536  # characters
LARGEST_PAGE = 100


@dataclass(frozen=True)
class Reply:
    """Status, JSON and headers of an answer."""

    status: int
    payload: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """Ends the handling of a call with an answer of GitHub's."""

    def __init__(self, status: int, message: str, *errors: Mapping[str, str], **headers: str) -> None:
        super().__init__(message)
        payload: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors:
            payload["errors"] = list(errors)
        self.reply = Reply(status, payload, {name.replace("_", "-"): value for name, value in headers.items()})


def reject(resource: str, name: str | None, code: str, message: str | None = None) -> NoReturn:
    """Refuse with GitHub's 422 about one field of a resource."""
    error = {"resource": resource, "field": name, "code": code, "message": message}
    raise Refused(422, "Validation Failed", {key: text for key, text in error.items() if text is not None})


def missing() -> Refused:
    """Build GitHub's 404."""
    return Refused(404, "Not Found")


def lacking(token: Token, needs: str) -> Refused:
    """Build GitHub's 403 about a permission, which names the missing one."""
    if token.kind == "anonymous":
        return Refused(401, "Requires authentication")
    if token.kind == "user" and token.permissions is None:
        return Refused(403, "Must have admin rights to Repository.")
    holder = "personal access token" if token.kind == "user" else "integration"
    return Refused(403, f"Resource not accessible by {holder}", X_Accepted_GitHub_Permissions=needs)


@dataclass
class Call:
    """One authorised, valid request.

    Attributes
    ----------
    home
        URL of the server, without a slash at its end.
    needs
        What the route asks for, as GitHub writes it: `issues=write; pull_requests=write`.
    """

    world: World
    repo: Repository
    token: Token
    contract: Contract
    home: str
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any]
    needs: str

    def shaped(self, schema: str, values: Any) -> Any:
        """Bring values into the shape of a schema of the description."""
        return self.contract.fill({"$ref": f"#/components/schemas/{schema}"}, values)

    def need(self, permission: str, level: str, role: str) -> None:
        """Refuse where the token lacks a permission on the repository at hand."""
        if not self.repo.allows(self.token, permission, level, role):
            raise lacking(self.token, self.needs)

    def issue(self, level: str = "read", role: str = "read", number: int | None = None) -> Issue:
        """Find the issue or pull request of the call, and check the token for its kind."""
        found = self.repo.issues.get(int(number or self.params["issue_number"]))
        if found is None:
            raise missing()
        if not found.pull and not self.repo.has_issues:
            raise Refused(410, "Issues are disabled for this repo")
        self.need("pull_requests" if found.pull else "issues", level, role)
        return found

    def page(self, items: Sequence[Any], show: Callable[[Any], Any], *, wrap: str | None = None) -> Reply:
        """Show one page of a list, with links to its neighbours; `wrap` names the list inside an object."""
        size = min(max(int(self.query.get("per_page", 30)), 1), LARGEST_PAGE)
        number = max(int(self.query.get("page", 1)), 1)
        last = max(-(-len(items) // size), 1)
        there = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        wanted = (["prev", "first"] if number > 1 else []) + (["next", "last"] if number < last else [])
        links = [
            f'<{self.home}{self.path}?{urlencode({**self.query, "page": there[name]})}>; rel="{name}"'
            for name in wanted
        ]
        shown = [show(item) for item in items[(number - 1) * size : number * size]]
        payload = {"total_count": len(items), wrap: shown} if wrap else shown
        return Reply(200, payload, {"Link": ", ".join(links)} if links else {})
