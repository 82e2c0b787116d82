"""The launcher of sweeps: checks every fit before the first one starts, then fits in packs."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from fieldlab.runs.result import Result


class PackedLauncher(Launcher):
    """Composes a sweep's configurations, and has them fitted in packs by an executor."""

    def __init__(self, members: int | None, executor: DictConfig) -> None:
        self.members = members
        self.executor = executor

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context = hydra_context
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from fieldlab.config.compose import settle
        from fieldlab.config.instantiate import build
        from fieldlab.sweeps.estimate import estimate
        from fieldlab.sweeps.sweep import fit_all, refuse_swept_experiment

        executor = build(self.executor, "hydra.launcher.executor")
        refuse_swept_experiment(job_overrides)
        composer = Composer(self.context.config_loader, self.config)
        jobs = [settle(composer.compose(list(overrides)), overrides) for overrides in job_overrides]
        if any(job["dry"] for job in jobs):
            print(estimate(jobs, members=self.members, workers=executor.workers))
            raise SystemExit(0)
        results = fit_all(jobs, job_overrides, members=self.members, executor=executor)
        return [
            job_return(result, OmegaConf.create(job), self.config.hydra, overrides)
            for result, job, overrides in zip(results, jobs, job_overrides, strict=True)
        ]


class Composer:
    """Composes the jobs of a sweep: each choice of groups once, as Hydra takes 0.05 to 0.2 s for it; values on copies."""

    def __init__(self, loader: Any, sweep: DictConfig) -> None:
        self.loader = loader
        self.sweep = sweep
        self.parser = OverridesParser.create(config_loader=loader)
        self.parsed: dict[str, Override] = {}
        self.composed: dict[tuple[str, ...], tuple[DictConfig, DictConfig]] = {}

    def compose(self, overrides: list[str]) -> DictConfig:
        """The configuration of one job, without Hydra's own node."""
        values = [text for text in overrides if self.is_value(text)]
        choices = tuple(text for text in overrides if text not in values)
        if choices not in self.composed:
            whole = self.loader.load_sweep_config(self.sweep, list(choices))
            whole.field.name = str(whole.field.name)  # it depends on the choices, which are in Hydra's node
            without = OmegaConf.masked_copy(whole, [str(key) for key in whole if key != "hydra"])
            self.composed[choices] = whole, without
        whole, without = self.composed[choices]
        config = copy.deepcopy(without)
        for key, value in ((self.parsed[text].key_or_group, self.parsed[text].value()) for text in values):
            OmegaConf.update(whole, key, value)  # it knows the types of top-level keys: the copy does not
            typed = "." not in key and not OmegaConf.is_interpolation(whole, key)
            OmegaConf.update(config, key, whole[key] if typed else value)
        return config

    def is_value(self, text: str) -> bool:
        """Whether an override gives an existing key another value, and so chooses nothing."""
        if text not in self.parsed:
            [self.parsed[text]] = self.parser.parse_overrides([text])
        override = self.parsed[text]
        group = self.loader.repository.group_exists(override.key_or_group)
        return override.type is OverrideType.CHANGE and override.package is None and not group


def job_return(result: "Result", job: DictConfig, hydra: DictConfig, overrides: Sequence[str]) -> JobReturn:
    """What a sweeper reads: the score that its task is searched by, None where the run failed or has none."""
    from fieldlab.runs.result import scoring_of

    done = JobReturn(overrides=overrides, cfg=job, hydra_cfg=hydra, working_dir=result.config["folder"])
    done.status = JobStatus.COMPLETED  # a failed fit is data too, and must not end the sweep
    done.return_value = result.scores.get(scoring_of(result).searched or "")
    return done
