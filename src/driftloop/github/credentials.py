"""How git gets the token: by its environment, for one server, and into no URL, file, command line or message."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftloop.github.runtime import Token


def credentials(token: Token | None, server_url: str) -> dict[str, str]:
    """Give the environment variables that make git send the token to this server; none unless it is https."""
    if token is None or not server_url.startswith("https://"):
        return {}
    key = f"http.{server_url.rstrip('/')}/.extraheader"
    # The empty value drops the header that actions/checkout may have left: GitHub refuses two of them.
    pairs = ((key, ""), (key, f"AUTHORIZATION: basic {_basic(token)}"))
    start = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    found = {"GIT_CONFIG_COUNT": str(start + len(pairs))}
    for place, (name, value) in enumerate(pairs, start):
        found |= {f"GIT_CONFIG_KEY_{place}": name, f"GIT_CONFIG_VALUE_{place}": value}
    return found


def masked(text: str, token: Token | None) -> str:
    """Hide the token, and whatever credentials stand in a URL."""
    text = re.sub(r"://[^/@\s]+@", "://***@", text)
    for secret in (token.value, _basic(token)) if token else ():
        text = text.replace(secret, "***")
    return text


def _basic(token: Token) -> str:
    return base64.b64encode(f"x-access-token:{token.value}".encode()).decode()
