"""What GitHub means by a refusal: try again, or tell a person what to put right."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from driftloop.errors import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


FORBIDDEN = 403
TOO_MANY = 429
SERVER_ERROR = 500
# Where GitHub does not say how long to wait after a secondary rate limit, it asks for a minute.
# https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
UNTOLD_WAIT = 60.0
LIMIT_WORDS = ("secondary rate limit", "api rate limit exceeded", "abuse detection", "retry your request again later")
PULLS_FORBIDDEN = "not permitted to create or approve pull requests"
REMEDIES = {
    401: "the token is wrong or has expired",
    404: "it does not exist, or the token may not see it",
    410: "turn Issues on in the repository's settings",
}


class NotFoundError(GitHubError):
    """GitHub knows no such thing, or does not show it to this token."""


class UnauthorizedError(GitHubError):
    """The token is none that GitHub knows."""


class ForbiddenError(GitHubError):
    """The token may not do this."""


class PullsForbiddenError(ForbiddenError):
    """The repository does not let Actions create pull requests; a compare link lets a person do it."""


class ConflictError(GitHubError):
    """A rule of the repository, or the state that something is in, does not allow it."""


KINDS: dict[int, type[GitHubError]] = {
    401: UnauthorizedError,
    404: NotFoundError,
    405: ConflictError,
    409: ConflictError,
}


class UnsettledError(Exception):
    """A call may or may not have done its work, or was put off: look, and try again.

    Attributes
    ----------
    wait
        Seconds that GitHub asked to wait; None if it did not say.
    """

    def __init__(self, cause: str, wait: float | None = None) -> None:
        """Keep why, and how long to wait."""
        super().__init__(cause)
        self.wait = wait


def refusal(where: str, status: int, headers: Mapping[str, Any], data: Any) -> GitHubError | UnsettledError:
    """Turn an answer of 400 and above into an error; `where` is what was being done."""
    headers = {str(name).lower(): str(value) for name, value in headers.items()}
    said = str(data.get("message", "")) if isinstance(data, dict) else ""
    said += _details(data)
    if status >= SERVER_ERROR:
        return UnsettledError(f"{status} {said}"[:200].strip())
    if _limited(status, headers, said):
        return UnsettledError(f"{status}, rate limit", _wait(headers))
    if "already exist" in said:  # a rival, or our own lost answer, was first: look again
        return UnsettledError(f"{status} {said}")
    text = f"{where}: {status} {said or 'refused'}"
    if status == FORBIDDEN:
        return _forbidden(text, headers.get("x-accepted-github-permissions", ""))
    kind = KINDS.get(status, GitHubError)
    return kind(text + (f": {REMEDIES[status]}" if status in REMEDIES else ""))


def _limited(status: int, headers: Mapping[str, str], said: str) -> bool:
    worded = any(words in said.lower() for words in LIMIT_WORDS)
    counted = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    return status == TOO_MANY or (status == FORBIDDEN and (worded or counted))


def _wait(headers: Mapping[str, str]) -> float:
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset, date = headers.get("x-ratelimit-reset", ""), headers.get("date", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal() and date:
        return max(float(reset) - parsedate_to_datetime(date).timestamp(), 0.0)  # both by GitHub's clock
    return UNTOLD_WAIT


def _forbidden(text: str, accepted: str) -> ForbiddenError:
    """Name the missing permissions; in `issues=write,contents=read; pulls=write` a comma means and, a semicolon or."""
    if PULLS_FORBIDDEN in text:
        setting = "Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"
        return PullsForbiddenError(f"{text} Turn on {setting}, or open it by hand")
    if not accepted:
        return ForbiddenError(text)
    words = accepted.replace("=", ": ").replace(",", " and ").replace("; ", " or ")
    return ForbiddenError(
        f"{text}: the token lacks a permission: expected {words}; grant it in the job's `permissions:`"
    )


def _details(data: Any) -> str:
    errors = data.get("errors") if isinstance(data, dict) else None
    if not isinstance(errors, list):
        return f" ({errors})" if errors else ""
    texts = [_detail(each) if isinstance(each, dict) else str(each) for each in errors]
    return f" ({'; '.join(texts)})" if texts else ""


def _detail(error: Mapping[str, Any]) -> str:
    code = str(error.get("code", "")).replace("_", " ")
    return str(error.get("message") or f"{error.get('field')}: {code}")


T = TypeVar("T")

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; more is not worth a running job


def patiently(where: str, step: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Take a step that looks before it writes, until it is settled.

    If an answer is lost, it is unknown whether the write was done. The step is repeated from its beginning: it looks, and
    writes only what is not there yet.

    Raises
    ------
    GitHubError
        If it is not settled after four tries, or GitHub asks to wait for more than a minute.
    """
    for attempt in range(TRIES):
        try:
            return step()
        except UnsettledError as exc:
            wait = 2.0**attempt if exc.wait is None else exc.wait
            cause = str(exc)
        if wait > LONGEST_WAIT:
            msg = f"{where}: {cause}: GitHub asks to wait {wait:.0f} s; run it again then"
            raise GitHubError(msg)
        if attempt < TRIES - 1:
            sleep(wait)
    msg = f"{where}: no answer from GitHub after {TRIES} tries: {cause}; run it again later"
    raise GitHubError(msg)
