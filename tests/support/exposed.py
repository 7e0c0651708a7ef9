"""Everything of an exception that a log, a debugger or a pretty traceback may show."""

from __future__ import annotations

import traceback


def exposed(error: BaseException) -> str:
    """Its words, those of all that it hangs together with, and the local variables of all their frames.

    Frames of the tests themselves are left out: they know the secret.
    """
    found, waiting, seen = [], [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found += [str(one), repr(one), repr(one.args), repr(vars(one))]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                found += [f"{name} = {value!r}" for name, value in frame.f_locals.items()]
        waiting += [each for each in (one.__cause__, one.__context__) if each]
    return "\n".join(found)
