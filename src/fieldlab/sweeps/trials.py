"""One search: a study of Optuna's, asked, fitted in launches, and told."""

import contextlib
import hashlib
import statistics
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from omegaconf import OmegaConf

from fieldlab.config.fingerprint import hash_run

if TYPE_CHECKING:
    from fieldlab.sweeps.search import OptunaSweeper

TOLD = "told"  # marks the trials that have come to an end


class Search:
    """One study of Optuna's; nobody else works on it until `held` ends."""

    def __init__(
        self,
        sweeper: "OptunaSweeper",
        name: str,
        fixed: list[str],
        averaged: list[list[str]],
        space: Mapping[str, Override],
        base: Mapping[str, Any],
        held: contextlib.ExitStack,
    ) -> None:
        self.sweeper, self.name, self.fixed, self.averaged, self.space = sweeper, name, fixed, averaged, space
        from fieldlab.runs.result import SEARCHES
        from fieldlab.runs.task import find_task

        ranges = {key: override.input_line for key, override in space.items()}
        digest = hashlib.sha256(f"{hash_run(base)} {averaged} {ranges}".encode()).hexdigest()[:8]
        folder = Path(base["folder"]).parent
        lock_search(folder / f".search-{digest}", held)
        scoring = find_task(base).scoring
        self.score = scoring.scores[str(scoring.searched)]
        self.study = open_study(folder / SEARCHES, f"{base['field']['name']}-{digest}", sweeper, self.score.lower)
        if not self.study.trials:
            self.study.enqueue_trial(find_within(space, base))

    def list_ended(self) -> list[Any]:
        """The trials that have come to an end: with a score, or diverged."""
        return [trial for trial in self.study.trials if TOLD in trial.user_attrs]

    def has_score(self) -> bool:
        """Whether any trial has a score."""
        return any(trial.value is not None for trial in self.study.trials)

    def run(self) -> list[Any]:
        """Ask, fit, tell, until there are enough trials; all fits made."""
        count = len(self.list_ended())
        print(f"{self.name}: {self.sweeper.trials} trials over {', '.join(self.space)}", end="")
        print(f"; {count} of them are there already" if count else "")
        done = []
        while count < self.sweeper.trials:
            size = min(self.sweeper.batch, self.sweeper.trials - count)
            done += self.fit([self.study.ask() for _ in range(size)])
            count += size
            print(f"trial {count} of {self.sweeper.trials}; {self.best()}", flush=True)
        return done

    def fit(self, trials: Sequence[Any]) -> list[Any]:
        """Fit a batch of trials in one launch; a trial with a fit that fails or diverges has failed."""
        from optuna.trial import TrialState

        from fieldlab.runs.result import result_or_none

        proposed = [[suggest(trial, key, override) for key, override in self.space.items()] for trial in trials]
        jobs = [[*self.fixed, *values, *settings] for settings in proposed for values in self.averaged]
        done = list(self.sweeper.launcher.launch(jobs, initial_job_idx=0))
        for i, trial in enumerate(trials):
            mine = done[i * len(self.averaged) : (i + 1) * len(self.averaged)]
            ends = [result_or_none(Path(job.working_dir)) for job in mine]
            if all(result is not None and result.status != "failed" for result in ends):
                trial.set_user_attr(TOLD, True)  # what failed is asked for again by the next launch
            scores = [job.return_value for job in mine]
            if None in scores:
                self.study.tell(trial, state=TrialState.FAIL)
            else:
                self.study.tell(trial, statistics.fmean(scores))
        return done

    def best(self) -> str:
        """The best settings so far, to paste behind a command."""
        if not self.has_score():
            return f"best of {self.name}: no trial has finished yet"
        trial = self.study.best_trial
        settings = " ".join(f"{key}={format_value(value)}" for key, value in trial.params.items())
        value = f"{self.score.label} {self.score.format(trial.value)}{self.score.unit.removeprefix(' in')}"
        return f"best of {self.name}: {settings} ({value})"


def lock_search(folder: Path, held: contextlib.ExitStack) -> None:
    """Nobody else may work on this search until `held` ends: two would take each other's trials for interrupted."""
    from fieldlab.errors import InputError
    from fieldlab.runs.lock import claim, owner

    held.callback(remove, folder)  # last of all, after the claim
    if not claim(folder, held):
        raise InputError(f"study: {owner(folder)} is at work on this search; wait for it")


def remove(folder: Path) -> None:
    """Where it is empty; it is not while somebody else holds it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def open_study(file: Path, name: str, sweeper: "OptunaSweeper", lower: bool) -> Any:
    """A new study, or the one that an earlier launch has left; what was interrupted or failed is asked for again."""
    from fieldlab.errors import InputError

    try:
        import optuna
    except ImportError as error:
        raise InputError("hydra/sweeper=optuna: needs Optuna; pip install optuna") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    file.parent.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{file}"
    study = optuna.create_study(
        storage=storage, study_name=name, direction="minimize" if lower else "maximize", load_if_exists=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = optuna.samplers.TPESampler(
            seed=sweeper.seed + len(study.trials),  # an earlier launch has drawn the first numbers
            n_startup_trials=sweeper.startup,
            multivariate=True,
            constant_liar=True,  # trials of one batch keep apart
        )
    again: list[int] = study.user_attrs.get("again", [])
    for trial in study.trials:
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if trial.params and TOLD not in trial.user_attrs and trial.number not in again:
            study.enqueue_trial(trial.params)
            again.append(trial.number)
    study.set_user_attr("again", again)
    return study


def find_within(space: Mapping[str, Override], base: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration has for the keys of a space, where its value is one of a range."""
    node = OmegaConf.create(dict(base))
    values = {key: OmegaConf.select(node, key) for key in space}
    return {key: value for key, value in values.items() if lies_within(value, space[key].value())}


def lies_within(value: Any, sweep: Any) -> bool:
    """Whether a number is one of an interval, a whole one of whole ones."""
    if not isinstance(sweep, IntervalSweep) or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    whole = isinstance(sweep.start, int)
    return sweep.start <= value <= sweep.end and (not whole or isinstance(value, int))  # type: ignore[operator]


def suggest(trial: Any, key: str, override: Override) -> str:
    """The trial's value for a key, as an override."""
    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        log = "log" in sweep.tags
        whole = isinstance(sweep.start, int)
        value = (trial.suggest_int if whole else trial.suggest_float)(key, sweep.start, sweep.end, log=log)
        return f"{override.get_key_element()}={format_value(value)}"
    if isinstance(sweep, RangeSweep) and all(isinstance(v, int) for v in (sweep.start, sweep.stop, sweep.step)):
        value = trial.suggest_int(key, sweep.start, sweep.stop - 1, step=sweep.step)  # type: ignore[operator]
        return f"{override.get_key_element()}={value}"
    return f"{override.get_key_element()}={trial.suggest_categorical(key, list(override.sweep_string_iterator()))}"


def format_value(value: Any) -> str:
    """Four digits decide nothing less than sixteen do, and can be read."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
