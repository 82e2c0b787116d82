"""The launcher of sweeps: checks every fit before the first one starts, then fits in packs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

if TYPE_CHECKING:
    from fieldlab.results import Result


class PackedLauncher(Launcher):
    """Composes a sweep's configurations and hands them to fieldlab, `members` at a time where they stack."""

    def __init__(self, members: int) -> None:
        self.members = members

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context = hydra_context
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from fieldlab.sweep import fit_all, refuse_swept_experiment

        refuse_swept_experiment(job_overrides)
        jobs = [self.compose(list(overrides), initial_job_idx + i) for i, overrides in enumerate(job_overrides)]
        results = fit_all(jobs, members=self.members)
        return [
            job_return(result, job, overrides)
            for result, job, overrides in zip(results, jobs, job_overrides, strict=True)
        ]

    def compose(self, overrides: list[str], number: int) -> DictConfig:
        config = self.context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id = str(number)
            config.hydra.job.num = number
        return config


def job_return(result: "Result", job: DictConfig, overrides: Sequence[str]) -> JobReturn:
    """What a sweeper reads: the validation PSNR, None where the fit failed or nothing validates."""
    task = OmegaConf.masked_copy(job, [str(key) for key in job if key != "hydra"])
    done = JobReturn(overrides=overrides, cfg=task, hydra_cfg=job, working_dir=str(job.folder))
    done.status = JobStatus.COMPLETED  # a failed fit is data too, and must not end the sweep
    done.return_value = result.scores.get("validation_psnr")
    return done
