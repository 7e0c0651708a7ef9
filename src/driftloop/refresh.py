"""Look at the world: move `source.until`, and note what the source looks like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from driftloop import dvc, sources
from driftloop.errors import ParamsError
from driftloop.params import edit, load_params, parse_instant, parse_params
from driftloop.store.files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params


@dataclass(frozen=True)
class Refreshed:
    """What `refresh` changed in params.yaml.

    Attributes
    ----------
    before, after
        `source.until`.
    changed
        Whether the source itself looks different.
    ahead
        Whether `source.until` lies after now, and was kept for that.
    """

    before: str
    after: str
    changed: bool
    ahead: bool = False


def next_until(params: Params, asked: str | None, now: datetime) -> datetime:
    """Choose the new exclusive end of the data: a local midnight, so that only whole days are judged.

    Parameters
    ----------
    params
        Of the current state.
    asked
        A date or time, `now`, or None: now for live sources, but never back (a clock may be wrong), and one step further
        for replayed ones.
    now
        The time of day, with zone.
    """
    if asked is None and sources.is_replayed(params):  # a step by the calendar, also where a day has 23 hours
        until = params.source.until_instant.astimezone(params.zone)
        return (until + timedelta(days=params.monitor.step_days)).astimezone(UTC)
    if asked is None or asked == "now":
        local = now.astimezone(params.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        return midnight if asked else max(midnight, params.source.until_instant)
    try:
        instant = datetime.fromisoformat(asked)
        return parse_instant(instant.replace(tzinfo=instant.tzinfo or params.zone).isoformat())
    except ValueError as exc:
        msg = f"--until: expected a date such as 2025-03-31, or now, got {asked!r}"
        raise ParamsError(msg) from exc


def refresh(path: Path, *, until: str | None, now: datetime) -> Refreshed:
    """Write `source.until` and `source.fingerprint` to params.yaml, keeping its comments."""
    params = load_params(path)
    dvc.check_merged(path.parent)
    moved = next_until(params, until, now)
    after = f"{moved:%Y-%m-%dT%H:%MZ}"
    found = sources.fingerprint(params)
    before = path.read_bytes().decode("utf-8")  # read_text would change the ends of lines
    text = edit.with_values(before, {"source.until": after, "source.fingerprint": found})
    parse_params(text, where=path.name)
    write_text(path, text)
    changed = found != params.source.fingerprint
    ahead = until is None and not sources.is_replayed(params) and moved > now
    return Refreshed(before=params.source.until, after=after, changed=changed, ahead=ahead)
