"""GitHub's refusals in one line, and which of them are worth another try."""

from __future__ import annotations

import pytest

from driftloop.errors import GitHubError
from driftloop.github.refusals import ForbiddenError, NotFoundError, PullsForbiddenError, UnsettledError, refusal

SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
PRIMARY = {"message": "API rate limit exceeded for installation ID 1."}
DATE = "Mon, 05 Jan 2026 10:00:00 GMT"  # 1767607200


@pytest.mark.parametrize(
    ("status", "headers", "data", "wait"),
    [
        (500, {}, None, None),
        (502, {}, {"data": "<html>"}, None),
        (403, {"Retry-After": "7"}, SECONDARY, 7.0),
        (429, {"retry-after": "7"}, {"message": "slow down"}, 7.0),
        (403, {}, SECONDARY, 60.0),
        (403, {"Retry-After": "Mon, 05 Jan 2026 10:00:07 GMT"}, SECONDARY, 60.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767607230", "Date": DATE}, PRIMARY, 30.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767607190", "Date": DATE}, PRIMARY, 0.0),
        (422, {}, {"message": "Validation Failed", "errors": [{"field": "name", "code": "already_exists"}]}, None),
        (422, {}, {"message": "No", "errors": [{"message": "A pull request already exists for a:b."}]}, None),
    ],
)
def test_refusal__that_may_pass(status: int, headers: dict[str, str], data: object, wait: float | None) -> None:
    found = refusal("here", status, headers, data)
    assert isinstance(found, UnsettledError)
    assert found.wait == wait


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ("issues=write", "expected issues: write; grant"),
        ("issues=write; pull_requests=write", "expected issues: write or pull_requests: write; grant"),
        ("pages=write,administration=write", "expected pages: write and administration: write; grant"),
    ],
)
def test_refusal__names_the_permission(accepted: str, words: str) -> None:
    data = {"message": "Resource not accessible by integration"}
    found = refusal("here", 403, {"X-Accepted-GitHub-Permissions": accepted}, data)
    assert isinstance(found, ForbiddenError)
    assert words in str(found)


def test_refusal__of_pull_requests_by_the_setting_is_its_own() -> None:
    said = "GitHub Actions is not permitted to create or approve pull requests."
    headers = {"x-accepted-github-permissions": "pull_requests=write", "x-ratelimit-remaining": "4999"}
    assert isinstance(refusal("here", 403, headers, {"message": said}), PullsForbiddenError)


@pytest.mark.parametrize(
    ("status", "data", "words"),
    [
        (404, {"message": "Not Found"}, "here: 404 Not Found: it does not exist, or the token may not see it"),
        (401, {"message": "Bad credentials"}, "here: 401 Bad credentials: the token is wrong or has expired"),
        (422, {"message": "Validation Failed", "errors": [{"field": "title", "code": "missing_field"}, "odd"]},
         "here: 422 Validation Failed (title: missing field; odd)"),
        (422, {"message": "Validation Failed", "errors": "odd"}, "here: 422 Validation Failed (odd)"),
        (400, [1, 2], "here: 400 refused"),
        (409, None, "here: 409 refused"),
    ],
)  # fmt: skip
def test_refusal__is_one_line_that_says_where(status: int, data: object, words: str) -> None:
    found = refusal("here", status, {}, data)
    assert isinstance(found, GitHubError)
    assert isinstance(found, NotFoundError) is (status == 404)
    assert str(found) == words
