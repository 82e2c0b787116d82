"""Verification: the scores of a study's runs, computed anew from what these left, held to what their results say."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tqdm import tqdm

from fieldlab.config.open import put
from fieldlab.errors import InputError, first_line
from fieldlab.report.results import read_fits
from fieldlab.runs.result import RESULT, Result, result_or_none, scoring_of
from fieldlab.runs.scoring import Score, Scores
from fieldlab.runs.task import make_task

TOLERANCE = 0.01  # of scores in dB; of others one in the last decimal that tables show, or a thousandth
AGREES = f"as evaluated anew, within {TOLERANCE} dB"
DIFFERS = "different when evaluated anew"
LOST = "that could not be evaluated"
MISSING = "missing or damaged"
PASSED = "passed over, as their task cannot evaluate them anew"


def verify(folder: Path) -> tuple[str, bool]:
    """What became of the runs of a study, a line for each difference; and whether all that should be there is there and is what it was.

    Raises:
        InputError: no such folder, or no results in it.
    """
    plan, results = read_fits(folder)
    others = {file.parent for file in folder.glob(f"*/{RESULT}") if file.parent.name not in results}
    damaged = {other.name for other in others if result_or_none(other) is None}  # not of older code
    absent = damaged | ({fit.folder for fit in plan.fits} - results.keys() if plan else set())
    lines = [f"{folder / name}: is {MISSING}" for name in sorted(absent)]
    ends: Counter[str] = Counter({MISSING: len(absent)} if absent else {})
    for name, result in tqdm(results.items(), unit="run", leave=False, disable=None):
        end, differences = verify_run(folder / name, result)
        ends[end] += 1
        lines += [f"{folder / name}: {difference}" for difference in differences]
    count = sum(ends.values())
    told = ", ".join(f"{number} {end}" for end, number in ends.items())
    text = "\n".join([*lines, f"{count} run{'s' if count != 1 else ''}: {told}"])
    return text, ends.keys().isdisjoint({DIFFERS, LOST, MISSING})


def verify_run(folder: Path, result: Result) -> tuple[str, list[str]]:
    """What became of one run, and in what it differs from its result, or why nobody can tell."""
    if result.status != "finished":
        return f"{result.status}, with no scores", []
    config = put(result.config, result.decided)
    try:
        again = make_task(config).rescore(config, folder)
    except (InputError, TypeError, KeyError) as error:  # a configuration that older code wrote may lack settings
        return LOST, [f"could not be evaluated: {first_line(error)}"]
    if again is None:
        return PASSED, []
    known = scoring_of(result).scores
    differences = list(compare(result.scores, again["scores"], known))
    for name, scores in result.yardsticks.items():
        differences += [f"{name}: {one}" for one in compare(scores, again.get("yardsticks", {}).get(name, {}), known)]
    return DIFFERS if differences else AGREES, differences


def compare(stored: Scores, again: Scores, known: Mapping[str, Score]) -> Iterator[str]:
    """The scores that are not what they were, in words."""
    for name, value in stored.items():
        now, score = again.get(name), known.get(name, Score(name, None))
        if value is None and now is None:
            continue
        if value is None or now is None or abs(now - value) > tolerance_of(score, value):
            yield f"{score.label} is {'–' if value is None else f'{value:g}'} in its result, {'–' if now is None else f'{now:g}'} when evaluated anew"


def tolerance_of(score: Score, value: float) -> float:
    """By how much a score may be another."""
    if score.is_logarithmic:
        return TOLERANCE
    return 1e-3 * abs(value) if score.digits is None else 10.0**-score.digits
