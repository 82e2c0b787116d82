"""Configurations: composed by Hydra from conf/, then freed from it. Imports nothing heavy."""

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf, open_dict

from fieldlab.errors import InputError
from fieldlab.identity import register_resolvers
from fieldlab.overrides import quote
from fieldlab.schema import register_schema
from fieldlab.working_folder import tell_replaced
from hydra_plugins.fieldlab.launcher import PackedLauncher
from hydra_plugins.fieldlab.search import OptunaSweeper
from hydra_plugins.fieldlab.search_path import UserConfig
from hydra_plugins.fieldlab.sweeper import GridSweeper

CHOOSERS = ("model", "warp")  # groups that change what a command is about
TRIAL, TRIAL_STEPS = "debug", 10  # the study of trials, and how long each of them is
NOTE, QUOTE = "+hydra.sweeper.chosen.", "'"
STRAYS = {  # settings below groups that only some tasks have: what they belong to, and what brings it
    **dict.fromkeys(("canvas", "transforms", "model"), ("a visualisation", "task=visualize")),
    **dict.fromkeys(("memorise", "goal", "warp", "shift_init"), ("a roll", "task=roll")),
    "photos": ("a visualisation or a roll", "task=visualize or task=roll"),
}
BROUGHT = {"task=visualize": "model=texture", "task=roll": "warp=floor"}


def register() -> None:
    """Tell Hydra of fieldlab's resolvers, schema and plugins (an editable install hides them from discovery)."""
    register_resolvers()
    register_schema()
    for plugin in (UserConfig, GridSweeper, OptunaSweeper, PackedLauncher):
        Plugins.instance().register(plugin)


def compose(*overrides: str) -> DictConfig:
    """The configuration that `fieldlab OVERRIDES` would run: `compose("field=siren", "steps=100")`."""
    register()
    tell_replaced(Path.cwd())
    with hydra.initialize_config_module("fieldlab.conf", version_base="1.3"):
        return resolved(hydra.compose("fieldlab", overrides=understood(overrides), return_hydra_config=True))


def understood(overrides: Sequence[str]) -> list[str]:
    """Overrides as Hydra takes them: `task=visualize` brings the default model, `task=roll` the default warp, and objectives
    and names of files need no quotes.

    What visualising changes comes with the model, and what rolling changes with the warp: Hydra lets an option choose only
    for the groups before its own.
    """
    chosen = {override.partition("=")[0] for override in overrides}
    if not chosen & {"experiment", *CHOOSERS} and not set(BROUGHT) & set(overrides):
        refuse_strays(chosen)
    missing = {task: part for task, part in BROUGHT.items() if not chosen & {part.partition("=")[0], "experiment"}}
    brings = {task: [part] for task, part in missing.items()}
    swept = {"-m", "--multirun"} & {*overrides} and not chosen & {"experiment", "hydra/sweeper"}
    parts = [part for override in overrides for part in (quote(override), *brings.get(override, []))]
    return [part for whole in parts for part in first_of(whole)] if swept else parts


def refuse_strays(keys: Iterable[str]) -> None:
    """Hydra has no words for settings below a group that nobody has chosen."""
    for key in sorted(keys):
        for group, (what, how) in STRAYS.items():
            if key.lstrip("+").startswith(f"{group}."):
                raise InputError(f"{key}: belongs to {what}; add {how}")


def first_of(override: str) -> list[str]:
    """`warp=floor,none` as its first value, and a note of all of them for the sweeper: without one value Hydra would know
    nothing of what the rest of a command is about."""
    key, _, text = override.partition("=")
    text = text.removeprefix("choice(").removesuffix(")")
    if key not in CHOOSERS or "," not in text or "(" in text:
        return [override]
    return [f"{key}={text.partition(',')[0]}", f"{NOTE}{key}='{text}'"]


def as_given(arguments: Sequence[str]) -> list[str]:
    """The arguments before they were `understood` as sweeps."""
    noted = dict(argument.removeprefix(NOTE).split("=", 1) for argument in arguments if argument.startswith(NOTE))
    first = {
        f"{key}={value.strip(QUOTE).partition(',')[0]}": f"{key}={value.strip(QUOTE)}" for key, value in noted.items()
    }
    return [first.get(argument, argument) for argument in arguments if not argument.startswith(NOTE)]


def shorten_trial(config: DictConfig) -> DictConfig:
    """The configuration itself; with debug=true that of a trial: 10 steps, scored once, in runs/debug, neither tracked nor resumed."""
    if not config.get("debug"):
        return config
    trial = copy.deepcopy(config)
    with open_dict(trial):
        trial.merge_with({"study": TRIAL, "resume": False, "checkpoint_minutes": None, "task": {"scores": 1}})
        trial.logger = {"_target_": "fieldlab.tracking.tracker.Silence", "pictures": 0}
        trial.steps = min(trial.steps, TRIAL_STEPS)
        if trial.get("memorise") is not None:
            steps = min(trial.memorise.steps, TRIAL_STEPS)
            trial.memorise.merge_with({"study": TRIAL, "steps": steps, "task": {"scores": 1}})
    return trial


def resolved(config: DictConfig) -> DictConfig:
    """A copy without Hydra's node, with every interpolation replaced by its value."""
    return OmegaConf.create(plain_config(config))


def plain_config(config: DictConfig) -> dict[str, Any]:
    """The same as plain dictionaries: a thousand of them take seconds less.

    The fits of a library have fields and pictures of their own, so that those which Hydra chose are left out.
    """
    config = shorten_trial(config)
    plain = {str(key): plain_value(config, str(key)) for key in config if key != "hydra"}
    if plain.get("library") is not None:
        plain |= {"field": {"name": config.field.name}, "memorise": None, "photos": None}
    return plain


def to_json(config: DictConfig | Mapping[str, Any], *keys: str) -> str:
    """These top-level keys as JSON: equal where what they describe is."""
    return json.dumps([plain_value(config, key) for key in keys], sort_keys=True)


def plain_value(config: DictConfig | Mapping[str, Any], key: str) -> object:
    """The value under a top-level key, as plain dictionaries, lists and scalars."""
    value = config[key]
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
