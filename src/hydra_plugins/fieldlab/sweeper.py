"""The sweeper of studies: the grid of all values given, handed to the launcher in one piece."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class GridSweeper(Sweeper):
    """Every combination of the values given, as Hydra's basic sweeper makes them, but without a second
    composition of every job and without a multirun.yaml.

    The launcher checks all jobs before the first one starts, and a study keeps its commands in plan.json. A
    value on the command line replaces the one that a study's file sweeps.
    """

    def __init__(self, params: Mapping[str, Any] | None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context = hydra_context
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        parser = OverridesParser.create(config_loader=self.context.config_loader)
        given = [f"{key}={value}" for key, value in self.params.items()] + arguments
        last = {override.key_or_group: override for override in parser.parse_overrides(given)}
        jobs = itertools.product(*map(choices, last.values()))
        done = self.launcher.launch([list(job) for job in jobs], initial_job_idx=0)
        conclude([Path(job.working_dir) for job in done])
        return [done]


def conclude(folders: list[Path]) -> None:
    """Print each study's table and list what failed; leave with exit code 1 if anything did."""
    from fieldlab.report.study import conclude_studies

    if not conclude_studies(folders):
        raise SystemExit(1)


def choices(override: Override) -> list[str]:
    """`seed=0,1` as `seed=0` and `seed=1`; an override that does not sweep as itself."""
    key = override.get_key_element()
    if override.is_sweep_override():
        return [f"{key}={value}" for value in override.sweep_string_iterator()]
    return [override.input_line or f"{key}={override.get_value_element_as_str()}"]
