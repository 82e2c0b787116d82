"""The sweeper of searches: Optuna proposes settings, validation PSNR judges them. Needs the extra [optuna]."""

import hashlib
import itertools
import statistics
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from fieldlab.identity import fit_hash
from hydra_plugins.fieldlab.sweeper import conclude, single

TOLD = "told"  # marks the trials that a kill has not interrupted


class OptunaSweeper(Sweeper):
    """`trials` proposals by Optuna's TPE, `batch` at a time, each judged by validation PSNR.

    `params` is the space, by key: `interval(1, 50)`, `tag(log, interval(1e-5, 1e-2))`, `int(interval(2, 6))`,
    `range(32, 257, step=32)` or `a,b,c`. A key that the field does not have is left out; one that the command line
    gives a value is not tuned, one that it gives several joins the space. Of a group with several values, as
    field=siren,relu, each is tuned by itself. Of the keys in `average` every value is fitted, and a trial's score is
    the mean. Searches are kept in `optuna.db` beside their fits: launched again they go on.
    """

    def __init__(
        self,
        params: Mapping[str, Any] | None,
        trials: int,
        batch: int,
        startup: int,
        seed: int,
        average: Sequence[str],
    ) -> None:
        self.params = dict(params or {})
        self.trials, self.batch, self.startup, self.seed = trials, batch, startup, seed
        self.average = average

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context = hydra_context
        self.composed = config
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from fieldlab.errors import InputError

        for key in ("trials", "batch"):
            if getattr(self, key) < 1:
                raise InputError(f"hydra.sweeper.{key}: {getattr(self, key)} should be at least 1")
        space, fixed, averaged = self.sort(arguments)
        chosen = [list(values) for values in itertools.product(*fixed.values())]
        bases = [
            self.base([*overrides, *averaged[0]]) for overrides in chosen
        ]  # each can work, before the first starts
        searches = [
            Search(self, overrides, averaged, available(space, self.params, base), base)
            for overrides, base in zip(chosen, bases, strict=True)
        ]
        since = time.time()
        done = [job for search in searches for job in search.run()]
        try:
            conclude(done, since)
        finally:
            print("\n".join(search.best() for search in searches))
        return [done]

    def sort(self, arguments: list[str]) -> tuple[dict[str, Override], dict[str, list[str]], list[list[str]]]:
        """The space; what is fixed in each search, by key; every combination of what a trial is averaged over."""
        loader = self.context.config_loader
        parser = OverridesParser.create(config_loader=loader)
        space = {key: parser.parse_overrides([f"{key}={value}"])[0] for key, value in self.params.items()}
        fixed: dict[str, list[str]] = {}
        averaged: dict[str, list[str]] = {}
        for override in parser.parse_overrides(arguments):
            key = override.key_or_group
            space.pop(key, None)
            group = loader.repository.group_exists(key)  # type: ignore[attr-defined]
            if key in self.average:
                averaged[key] = single(override)
            elif override.is_sweep_override() and not group:
                space[key] = override
            else:
                fixed[key] = single(override)
        return space, fixed, [list(values) for values in itertools.product(*averaged.values())]

    def base(self, overrides: list[str]) -> DictConfig:
        """What a search starts from.

        Raises:
            InputError: it cannot work, or has nothing to judge by.
        """
        from fieldlab.check import Checks
        from fieldlab.configuration import plain_config, resolved
        from fieldlab.errors import InputError
        from fieldlab.prepare import prepare

        config = resolved(self.context.config_loader.load_sweep_config(self.composed, overrides))
        Checks().check(plain_config(config))
        if not prepare(config).split.validation.any():
            raise InputError(
                "split: nothing validates here, so nothing can be tuned; take another, like split=stride"
            )
        return config


def available(space: Mapping[str, Override], own: Mapping[str, Any], base: DictConfig) -> dict[str, Override]:
    """The space without those of the sweeper's own keys that this configuration does not have."""
    from fieldlab.errors import InputError

    left = {key: space[key] for key in space if key not in own or OmegaConf.select(base, key) is not None}
    if not left:
        raise InputError("hydra.sweeper.params: there is nothing to tune; give a key a range, like interval(1, 50)")
    return left


class Search:
    """One study of Optuna's."""

    def __init__(
        self,
        sweeper: OptunaSweeper,
        fixed: list[str],
        averaged: list[list[str]],
        space: Mapping[str, Override],
        base: DictConfig,
    ) -> None:
        self.sweeper, self.fixed, self.averaged, self.space = sweeper, fixed, averaged, space
        self.name = base.field.name
        digest = hashlib.sha256(f"{fit_hash(base)} {averaged}".encode()).hexdigest()[:8]
        self.study = open_study(Path(base.folder).parent / "optuna.db", f"{self.name}-{digest}", sweeper)

    def run(self) -> list[Any]:
        """Ask, fit, tell, until there are enough trials; all fits made."""
        told = [trial for trial in self.study.trials if TOLD in trial.user_attrs]
        print(f"{self.name}: {self.sweeper.trials} trials over {', '.join(self.space)}", end="")
        print(f"; {len(told)} of them are there already" if told else "")
        done = []
        count = len(told)
        while count < self.sweeper.trials:
            size = min(self.sweeper.batch, self.sweeper.trials - count)
            done += self.fit([self.study.ask() for _ in range(size)])
            count += size
            print(f"trial {count} of {self.sweeper.trials}; {self.best()}", flush=True)
        return done

    def fit(self, trials: Sequence[Any]) -> list[Any]:
        """Fit a batch of trials in one launch; a trial with a fit that fails or diverges has failed."""
        from optuna.trial import TrialState

        proposed = [[suggest(trial, key, override) for key, override in self.space.items()] for trial in trials]
        jobs = [[*self.fixed, *values, *settings] for settings in proposed for values in self.averaged]
        done = list(self.sweeper.launcher.launch(jobs, initial_job_idx=0))
        for i, trial in enumerate(trials):
            scores = [job.return_value for job in done[i * len(self.averaged) : (i + 1) * len(self.averaged)]]
            trial.set_user_attr(TOLD, True)
            if None in scores:
                self.study.tell(trial, state=TrialState.FAIL)
            else:
                self.study.tell(trial, statistics.fmean(scores))
        return done

    def best(self) -> str:
        """The best settings so far, to paste behind a command."""
        try:
            trial = self.study.best_trial
        except ValueError:
            return f"best of {self.name}: no trial has finished yet"
        settings = " ".join(f"{key}={shown(value)}" for key, value in trial.params.items())
        return f"best of {self.name}: {settings} (validation PSNR {trial.value:.2f} dB)"


def open_study(file: Path, name: str, sweeper: OptunaSweeper) -> Any:
    """A new study, or the one that an earlier launch has left; trials that a kill interrupted are asked for again."""
    from fieldlab.errors import InputError

    try:
        import optuna
    except ImportError as error:
        raise InputError("hydra/sweeper=optuna: needs Optuna; pip install optuna") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    file.parent.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{file}"
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = optuna.samplers.TPESampler(
            seed=sweeper.seed + len(study.trials),  # an earlier launch has drawn the first numbers
            n_startup_trials=sweeper.startup,
            multivariate=True,
            constant_liar=True,  # trials of one batch keep apart
        )
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.enqueue_trial(trial.params)
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def suggest(trial: Any, key: str, override: Override) -> str:
    """The trial's value for a key, as an override."""
    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        log = "log" in sweep.tags
        whole = isinstance(sweep.start, int)
        value = (trial.suggest_int if whole else trial.suggest_float)(key, sweep.start, sweep.end, log=log)
        return f"{override.get_key_element()}={shown(value)}"
    if isinstance(sweep, RangeSweep) and all(isinstance(v, int) for v in (sweep.start, sweep.stop, sweep.step)):
        value = trial.suggest_int(key, sweep.start, sweep.stop - 1, step=sweep.step)  # type: ignore[operator]
        return f"{override.get_key_element()}={value}"
    return f"{override.get_key_element()}={trial.suggest_categorical(key, list(override.sweep_string_iterator()))}"


def shown(value: Any) -> str:
    """Four digits decide nothing less than sixteen do, and can be read."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
