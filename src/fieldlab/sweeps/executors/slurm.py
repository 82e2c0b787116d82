"""Slurm: packs as the tasks of one job array, through submitit. Needs the extra [slurm]."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from fieldlab.errors import InputError, first_line
from fieldlab.sweeps.executors.executor import Executor, Work, WorkerLostError

POLL_SECONDS = 2


class Slurm(Executor):
    """One array task for each pack, at most `array` of them at once; `parameters` are submitit's own.

    The command stays and waits, on a login node say; the tasks need not: launched again, it goes on with what is
    missing. `folder` takes submitit's files and logs. cluster=local runs the tasks as processes of this machine.
    """

    def __init__(
        self, *, cluster: Literal["slurm", "local"], array: int, folder: str, parameters: Mapping[str, Any]
    ) -> None:
        if array < 1:
            raise ValueError(f"array, the number of tasks at once, must be at least 1, not {array}")
        self.cluster = cluster
        self.array = array
        self.folder = folder
        self.parameters = parameters

    def close(self) -> None: ...

    @property
    def workers(self) -> int:
        return self.array

    def run(self, work: Work, packs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        numbered = list(enumerate(packs))
        at_once = len(numbered) if self.cluster == "slurm" else self.array  # Slurm itself holds back the rest
        for start in range(0, len(numbered), at_once):
            yield from self.run_array(work, dict(numbered[start : start + at_once]))

    def run_array(self, work: Work, packs: Mapping[int, Any]) -> Iterator[tuple[int, Any]]:
        jobs = dict(zip(packs, self.submit(work, list(packs.values())), strict=True))
        while jobs:
            for i, job in [(i, job) for i, job in jobs.items() if job.done()]:
                del jobs[i]
                yield i, outcome(job)
            if jobs:
                time.sleep(POLL_SECONDS if self.cluster == "slurm" else 0.1)

    def submit(self, work: Work, packs: Sequence[Any]) -> list[Any]:
        try:
            import submitit
        except ImportError as error:
            raise InputError("hydra/launcher=slurm: needs submitit; pip install submitit") from error
        try:
            executor = submitit.AutoExecutor(folder=self.folder, cluster=self.cluster)
            executor.update_parameters(slurm_array_parallelism=self.array, **self.parameters)
            return executor.map_array(work, list(packs))
        except (RuntimeError, NameError, TypeError, ValueError) as error:  # no Slurm here, an unknown parameter, …
            raise InputError(f"hydra.launcher.executor: {first_line(error)}") from error


def outcome(job: Any) -> Any:
    from submitit.core.utils import FailedJobError, UncompletedJobError

    try:
        return job.result()
    except FailedJobError as error:
        return RuntimeError(str(error).strip().splitlines()[-1])  # its first lines are of the trace
    except UncompletedJobError:
        return WorkerLostError(f"task {job.job_id} ended without a result ({job.state}); see {job.paths.stderr}")
    except Exception as error:
        return error
