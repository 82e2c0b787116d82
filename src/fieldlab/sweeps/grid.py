"""The sweeper of studies: the grid of all values given, handed to the launcher in one piece."""

import itertools
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from fieldlab.config.overrides import add_quotes, is_file_name, quote, remove_quotes

Grid = dict[str, list[str]]  # the overrides to choose from, by key


class GridSweeper(Sweeper):
    """Every combination of the values given, as Hydra's basic sweeper makes them, but without a second
    composition of every job and without a multirun.yaml.

    `params` is a grid, values by key, or a list of grids where some values belong together. The launcher checks all jobs
    before the first one starts, and a study keeps its commands in plan.json.
    """

    def __init__(self, params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> None:
        self.grids = [params or {}] if params is None or isinstance(params, Mapping) else list(params)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context = hydra_context
        self.config: Any = config
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from fieldlab.config.compose import settle
        from fieldlab.sweeps.sweep import empty_trials

        if self.config.get("debug"):
            empty_trials(settle(self.config))
        grids = [self.choices(f"{key}={to_text(value)}" for key, value in grid.items()) for grid in self.grids]
        given = self.choices(arguments)
        wanted = narrow(grids, given)
        jobs = dict.fromkeys(job for grid in wanted for job in itertools.product(*grid.values()))
        since = time.time()
        done = self.launcher.launch([list(job) for job in jobs], initial_job_idx=0)
        conclude(done, since)
        return [done]

    def choices(self, overrides: Iterable[str]) -> Grid:
        """Every override's key, and the overrides that each give it one of its values."""
        parser = OverridesParser.create(config_loader=self.context.config_loader)
        return {
            override.key_or_group: list_overrides(override)
            for override in parser.parse_overrides(list(map(quote, overrides)))
        }


def narrow(grids: Sequence[Grid], given: Grid) -> list[Grid]:
    """The grids under what the command line says, which holds for every fit.

    Of a key's given values a grid takes those that it sweeps itself and those that no grid does; one that is left
    without a value, because others offer what is asked for, is dropped.
    """
    for key, values in given.items():
        offered = {to_value(value) for grid in grids for value in grid.get(key, [])}
        grids = [{**grid, key: [v for v in values if is_for(grid.get(key), v, offered)]} for grid in grids]
    return [grid for grid in grids if all(grid.values())]


def is_for(own: Sequence[str] | None, value: str, offered: Collection[str | float]) -> bool:
    """Whether a grid takes a value: it does not have the key, sweeps the value itself, or no grid `offered` it."""
    return own is None or to_value(value) not in offered or to_value(value) in map(to_value, own)


def to_value(override: str) -> str | float:
    """`lr=1e-3` and `lr=0.001` ask for the same."""
    try:
        return float(override.rpartition("=")[2])
    except ValueError:
        return override


def conclude(done: Sequence[Any], since: float) -> None:
    """Write and print each study's report, list what failed; leave with exit code 1 if anything did.

    A study with fits that were made `since` then is shown to its logger too.
    """
    from fieldlab.report.study import conclude_studies
    from fieldlab.sweeps.sweep import publish

    fine = conclude_studies([Path(job.working_dir) for job in done])
    publish({Path(job.working_dir): job.cfg for job in done}, since)
    if not fine:
        raise SystemExit(1)


def list_overrides(override: Override) -> list[str]:
    """`seed=0,1` as `seed=0` and `seed=1`; a folder under `signal.path` as each file in it; others as themselves."""
    key = override.get_key_element()
    if override.is_interval_sweep():
        from fieldlab.errors import InputError

        raise InputError(
            f"{key}: a grid has no intervals; name values, like {key}=1,2,3, or search with hydra/sweeper=optuna"
        )
    if override.is_sweep_override():
        values = list(override.sweep_string_iterator())
        return [one for value in values for one in list_files(key, value) or [f"{key}={value}"]]
    text = override.get_value_element_as_str()
    return list_files(key, text) or [override.input_line or f"{key}={text}"]


def list_files(key: str, value: str) -> list[str]:
    """An override for each file, where the value is a folder of signals."""
    name = remove_quotes(value)
    if key.lstrip("+") != "signal.path" or not is_file_name(name):
        return []
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return []
    from fieldlab.signals.files import signal_files

    return [f"{key}={add_quotes(str(file))}" for file in signal_files(folder)]


def to_text(value: Any) -> str:
    """A value of a YAML file as on the command line."""
    return "null" if value is None else str(value)
