"""The sweeper of searches: Optuna proposes settings, the task's own score judges them. Needs the extra [optuna]."""

import contextlib
import itertools
import time
import typing
from collections.abc import Collection, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, ListConfig, OmegaConf

from fieldlab.config.compose import SEARCH
from fieldlab.config.overrides import quote
from fieldlab.notices import say
from fieldlab.sweeps.grid import conclude, list_overrides
from fieldlab.sweeps.trials import Search, format_value


class OptunaSweeper(Sweeper):
    """`trials` proposals by Optuna's TPE, `batch` at a time, each judged by the score that its task is searched by: validation PSNR for a fit.

    `params` is the space, by key: `interval(1, 50)`, `tag(log, interval(1e-5, 1e-2))`, `int(interval(2, 6))`,
    `range(32, 257, step=32)` or `a,b,c`. A key that the field does not have is left out; one that the command line
    gives a value is not tuned, one that it gives several joins the space. Where neither gives a range, the space is what
    the field declares: `field.search`. The first trial is the setting as it is, where that lies within the ranges. Of a
    group with several values, as field=siren,relu, each is tuned by itself. Of the keys in `average` every value is fitted,
    and a trial's score is the mean. Searches are kept in `optuna.db` beside their fits: launched again they go on.
    """

    def __init__(
        self,
        params: Mapping[str, Any] | None,
        trials: int,
        batch: int,
        startup: int,
        seed: int,
        average: list[str] | ListConfig,
    ) -> None:
        self.params = dict(params or {})
        self.trials, self.batch, self.startup, self.seed = trials, batch, startup, seed
        self.average = average

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context = hydra_context
        self.composed: Any = config
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from fieldlab.config.instantiate import check
        from fieldlab.sweeps.sweep import empty_trials

        check(OmegaConf.to_container(self.composed.hydra.sweeper), "hydra.sweeper")
        self.check_counts()
        space, fixed, averaged = self.sort(arguments)
        chosen = [list(values) for values in itertools.product(*fixed.values())]
        varying = {key for key, values in fixed.items() if len(values) > 1}
        prepared = []
        for overrides in chosen:  # all of them can work, before the first one starts
            base, *_ = [self.base([*overrides, *values]) for values in averaged]
            given = [*overrides, *averaged[0]]
            ready = self.parse(self.params) if space else self.read_declared(given, but=fixed)
            own = self.available(space or ready, ready, base, given)
            name = [base["field"]["name"], *(o for o in overrides if o.partition("=")[0] in varying - {"field"})]
            prepared.append((" ".join(name), overrides, own, base))
        if self.composed.get("debug"):
            empty_trials(prepared[0][-1])
        since = time.time()
        with contextlib.ExitStack() as held:
            searches = [Search(self, name, o, averaged, own, base, held) for name, o, own, base in prepared]
            done = [job for search in searches for job in search.run()]
        try:
            conclude(done, since)
        finally:
            print("\n".join(search.best() for search in searches))
        if not all(search.has_score() for search in searches):
            raise SystemExit(1)
        return [done]

    def read_declared(self, overrides: list[str], but: Collection[str]) -> dict[str, Override]:
        """The space that the chosen field declares, but for keys that have a value."""
        composed = self.context.config_loader.load_sweep_config(self.composed, overrides)
        ranges = {f"field.{key}": value for key, value in (OmegaConf.select(composed, SEARCH) or {}).items()}
        return self.parse({key: value for key, value in ranges.items() if key not in but})

    def parse(self, ranges: Mapping[str, Any]) -> dict[str, Override]:
        """Ranges by key, as overrides."""
        parser = OverridesParser.create(config_loader=self.context.config_loader)
        return {key: parser.parse_overrides([quote(f"{key}={value}")])[0] for key, value in ranges.items()}

    def available(
        self, space: Mapping[str, Override], ready: Mapping[str, Override], base: Mapping[str, Any], fixed: list[str]
    ) -> dict[str, Override]:
        """The space without those of the `ready` keys, typed by nobody, that this configuration does not have, or that change nothing in it.

        Each is held at its extreme values, which can work, and give different fits.
        """
        from fieldlab.config.fingerprint import hash_run
        from fieldlab.errors import InputError
        from fieldlab.sweeps.sweep import explain_idle

        left = {}
        for key, override in space.items():
            if key in ready and OmegaConf.select(OmegaConf.create(dict(base)), key) is None:
                continue
            values = list_ends(override)
            if len({hash_run(self.base([*fixed, value])) for value in values}) > 1 or len(values) == 1:
                left[key] = override
            elif key in ready and override.input_line == ready[key].input_line:
                say("left out of the search: %s", explain_idle(key, len(values)))
            else:
                raise InputError(explain_idle(key, len(values)))
        if not left:
            raise InputError(
                "hydra.sweeper.params: there is nothing to tune; give a key a range, like interval(1, 50), or the field a `search`"
            )
        return left

    def check_counts(self) -> None:
        from fieldlab.errors import InputError

        for key, least in (("trials", 1), ("batch", 1), ("startup", 0)):
            if getattr(self, key) < least:
                raise InputError(f"hydra.sweeper.{key}: {getattr(self, key)} should be at least {least}")

    def sort(self, arguments: list[str]) -> tuple[dict[str, Override], dict[str, list[str]], list[list[str]]]:
        """The space; what is fixed in each search, by key; every combination of what a trial is averaged over."""
        loader = self.context.config_loader
        space: dict[str, Override] = {}
        fixed: dict[str, list[str]] = {}
        averaged: dict[str, list[str]] = {}
        typed = OverridesParser.create(config_loader=loader).parse_overrides(arguments)
        for override in [*self.parse(self.params).values(), *typed]:
            key = override.key_or_group
            for known in (space, fixed, averaged):  # the last word counts
                known.pop(key, None)
            group = loader.repository.group_exists(key)  # type: ignore[attr-defined]
            if key in self.average:
                averaged[key] = list_overrides(override)
            elif override.is_sweep_override() and not group:
                space[key] = override
            else:
                fixed[key] = list_overrides(override)
        return space, fixed, [list(values) for values in itertools.product(*averaged.values())]

    def base(self, overrides: list[str]) -> dict[str, Any]:
        """What a search starts from.

        Raises:
            InputError: it cannot work, or has nothing to judge by.
        """
        from fieldlab.config.compose import settle
        from fieldlab.errors import InputError
        from fieldlab.runs.check import Checks
        from fieldlab.runs.task import find_task

        config = settle(self.context.config_loader.load_sweep_config(self.composed, overrides), overrides)
        if config["dry"]:
            raise InputError("dry: a search chooses its runs on the way; ask for one of them, or for a sweep with -m")
        Checks().check(config)
        task = find_task(config)
        if task.scoring.searched is None:
            raise InputError(f"hydra/sweeper: runs of {task.__name__} have no score to search by; sweep with -m")
        if why := task.why_unsearched(config):
            raise InputError(why)
        return config


def list_ends(override: Override) -> list[str]:
    """A space's extreme values, as overrides: where these can work, so can what lies between.

    Raises:
        InputError: a range that is none.
    """
    from fieldlab.errors import InputError

    sweep, key = override.value(), override.get_key_element()
    if not isinstance(sweep, IntervalSweep):
        return list_overrides(override)
    low, high = typing.cast(tuple[float, float], (sweep.start, sweep.end))
    if low >= high or ("log" in sweep.tags and low <= 0):
        should = "above 0" if "log" in sweep.tags else "below its end"
        raise InputError(f"{key}: an interval from {low} to {high} should start {should}, and end above that")
    return [f"{key}={format_value(value)}" for value in (low, high)]
