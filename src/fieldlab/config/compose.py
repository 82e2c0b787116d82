"""Configurations: composed by Hydra from conf/, then freed from it. Imports nothing heavy."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from fieldlab.config.groups import explain_key
from fieldlab.config.moved import update
from fieldlab.config.names import find_kind, register_resolvers, to_container
from fieldlab.config.overrides import quote
from fieldlab.config.schema import AUTO, RUN, convert
from fieldlab.config.search_path import UserConfig
from fieldlab.config.sizes import leave_sizes, read_given
from fieldlab.config.working_folder import tell_replaced
from fieldlab.errors import InputError

TRIAL, TRIAL_STEPS = "debug", 10  # the study of trials, and how long each of them is
SEARCH = "field.search"  # ranges by keys below `field`
Config = Mapping[str, Any]


def register() -> None:
    """Tell Hydra of fieldlab's resolvers, and of where users keep files of their own."""
    register_resolvers()
    Plugins.instance().register(UserConfig)


def compose(*overrides: str) -> DictConfig:
    """The configuration that `fieldlab OVERRIDES` would run: `compose("field=siren", "steps=100")`.

    Raises:
        InputError: a key that belongs to another task.
        HydraException: anything else that cannot be composed.
    """
    register()
    tell_replaced(Path.cwd())
    with hydra.initialize_config_module("fieldlab.conf", version_base="1.3"):
        try:
            composed = hydra.compose("fieldlab", overrides=[quote(o) for o in overrides], return_hydra_config=True)
        except (HydraException, OmegaConfBaseException) as error:
            if line := explain_key(error, overrides):
                raise InputError(line) from error
            raise
        return OmegaConf.create(settle(composed))


def settle(config: DictConfig | Config, given: Sequence[str] = ()) -> dict[str, Any]:
    """A configuration as plain dictionaries: the one form in which everything but Hydra knows it.

    Without Hydra's node, interpolations resolved, names of parts that have moved brought up to date, a trial shortened,
    `auto` where the program chooses, and what has no effect left out. `given` are overrides that Hydra has no record of.
    """
    config = shorten_trial(config if isinstance(config, DictConfig) else OmegaConf.create(dict(config)))
    config = free_steps(config)
    budgeted = any(run.get("budget") is not None for run in walk_runs(config))
    config = leave_sizes(leave_out_search(config), budgeted=budgeted, given=[*given, *read_given(config)])
    plain = {key: update(to_container(config[key])) for key in map(str, config) if key != "hydra"}
    kind = find_kind(plain)
    return kind.settle(convert(plain, {**RUN, **kind.keys}))


def shorten_trial(config: DictConfig) -> DictConfig:
    """The configuration itself; with debug=true that of a trial: 10 steps, scored once, in runs/debug, neither tracked nor resumed."""
    if not config.get("debug"):
        return config
    trial = copy.deepcopy(config)
    with open_dict(trial):
        trial.merge_with({"resume": False, "checkpoint_minutes": None})
        trial.logger = {"_target_": "fieldlab.runs.tracking.tracker.Silence", "pictures": 0}
        for run in walk_runs(trial):
            shorten(run)
    return trial


def free_steps(config: DictConfig) -> DictConfig:
    """The configuration with steps that the program chooses, as it does all that follows from them, wherever `seconds` are said."""
    if all(run.get("seconds") is None for run in walk_runs(config)):
        return config
    free = copy.deepcopy(config)
    for run in walk_runs(free):
        if run.get("seconds") is not None:
            with open_dict(run):
                run.steps = AUTO
    return free


def leave_out_search(config: DictConfig) -> DictConfig:
    """The configuration without the ranges that its field's `search` declares: a search reads them, and no run is another for them."""
    if OmegaConf.select(config, SEARCH) is None:
        return config
    free = copy.deepcopy(config)
    with open_dict(free):
        del free.field.search
    return free


def walk_runs(run: DictConfig) -> Iterator[DictConfig]:
    """A run's configuration, and those of the runs that it describes below its own keys."""
    yield run
    for key in map(str, run):
        node = None if OmegaConf.is_missing(run, key) or OmegaConf.is_interpolation(run, key) else run[key]
        if isinstance(node, DictConfig) and isinstance(node.get("task"), DictConfig):
            yield from walk_runs(node)


def shorten(run: DictConfig) -> None:
    """Cut a run short."""
    run.study = TRIAL
    if isinstance(run.get("steps"), int):
        run.steps = min(run.steps, TRIAL_STEPS)
    if "seconds" in run:
        run.seconds = None
    if "scores" in run.task:
        run.task.scores = 1
