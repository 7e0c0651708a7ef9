"""A standing approval as the one word that an output of a step can hold."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode

from driftloop.core.decision.approval import Approval
from driftloop.errors import LoopError


def approval_word(given: Approval | None) -> str:
    """Write an approval as the one word that an output of a step can hold."""
    return urlsafe_b64encode(given.model_dump_json().encode()).decode().rstrip("=") if given else ""


def approval(text: str) -> Approval | None:
    """Read an approval as a step of a workflow has put it out; an empty text is none.

    Raises
    ------
    LoopError
        If it is something else.
    """
    try:
        return (
            Approval.model_validate_json(b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
            if text
            else None
        )
    except ValueError as exc:  # pydantic's is one too
        msg = "--approval: expected the output `approval` of `driftloop ci keep-fresh`, got something else"
        raise LoopError(msg) from exc
