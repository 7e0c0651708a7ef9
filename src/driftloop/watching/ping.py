"""A sign of life after each good run, for a service that tells people when none comes ("dead man's switch")."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from driftloop.github.runtime import LOOPBACK

if TYPE_CHECKING:
    from typing import IO

SECONDS = 10.0  # until a connection, and between two pieces of the answer
NAME = "DRIFTLOOP_PING_URL"


class _SafeRedirects(HTTPRedirectHandler):
    """Follows where an address may lead that we would call ourselves, and nowhere else."""

    def redirect_request(  # noqa: PLR0917 - the signature of the standard library
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> Request | None:
        if not allowed(newurl):
            return None  # the answer counts as the error that it is
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def allowed(url: str) -> bool:
    """Whether an address is one that we call: https, or http on this machine, which tests use."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def ping(url: str, *, seconds: float = SECONDS) -> str:
    """Call the address once, and say what came of it; it never fails, and the address, a secret, is no part of what is said."""
    if not url:
        return f"no ping: the secret {NAME} is not set"
    if not allowed(url):
        return f"no ping: the secret {NAME} is no https:// address"
    why = ""
    try:
        request = Request(url, headers={"User-Agent": "driftloop"})  # noqa: S310 - the scheme is checked above
        with build_opener(_SafeRedirects()).open(request, timeout=seconds) as answer:
            return f"pinged: {answer.status}"
    except HTTPError as exc:
        led = exc.code in range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST)
        why = f"{exc.code}, a redirect that is not followed" if led else str(exc.code)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "reason", exc)  # its text may hold the name of the host
        why = (reason if isinstance(reason, Exception) else exc).__class__.__name__
    except Exception as exc:  # noqa: BLE001 - such as http.client's; whatever it is, the run was good
        why = exc.__class__.__name__
    return f"the ping failed ({why}); the run is good all the same"
