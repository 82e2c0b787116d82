"""How far a study has come that is still being computed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from fieldlab.runs.lock import is_busy, owner
from fieldlab.runs.result import Plan, Planned, Result


def describe_progress(folder: Path, plan: Plan | None, results: Mapping[str, Result]) -> str | None:
    """`5 of 12 runs have ended, 2 are running, 5 are left; about 6 more minutes, until 14:35`; None where nothing is left.

    A run is taken to last as long as those of its field did at the median. Those that run are taken to be half done.
    """
    planned = plan.fits if plan else []
    left = [fit for fit in planned if fit.folder not in results]
    if not left:
        return None
    running = [fit for fit in left if is_busy(folder / fit.folder)]
    waiting = [fit for fit in left if fit not in running]
    ended = len(planned) - len(left)
    counts = (
        f"{ended} of {len(planned)} runs {'has' if ended == 1 else 'have'} ended, {len(running)}"
        f" {'is' if len(running) == 1 else 'are'} running, {len(waiting)} {'is' if len(waiting) == 1 else 'are'} left"
    )
    if not running:
        return f"{counts}; nobody is at work on them: the command that began the study goes on with it"
    if (seconds := estimate(waiting, results, 1.0) + estimate(running, results, 0.5)) == 0:
        return counts
    rest = timedelta(seconds=seconds / len({owner(folder / fit.folder) for fit in running}))
    return f"{counts}; {describe_time(rest)}, until {datetime.now().astimezone() + rest:%H:%M}"


def estimate(fits: Sequence[Planned], results: Mapping[str, Result], share: float) -> float:
    """Seconds for this share of each of the runs, by those that have ended; 0 where none has."""
    times: dict[str, list[float]] = {}
    for result in results.values():
        if result.wall_seconds is not None:
            times.setdefault(result.field, []).append(result.wall_seconds)
    every = [seconds for of_field in times.values() for seconds in of_field]
    return share * sum(median(times.get(fit.field, every)) for fit in fits) if every else 0.0


def describe_time(rest: timedelta) -> str:
    """`about 6 more minutes`, in seconds below two minutes, in hours above two."""
    seconds = rest.total_seconds()
    size, unit = next(((s, u) for s, u in ((3600, "hours"), (60, "minutes")) if seconds >= 2 * s), (1, "seconds"))
    return f"about {seconds / size:.0f} more {unit}"
