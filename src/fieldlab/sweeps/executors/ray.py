"""Ray: packs as tasks of a Ray cluster, or of an embedded one on this machine. Needs the extra [ray]."""

import logging
import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fieldlab.errors import InputError
from fieldlab.sweeps.executors.executor import Executor, Work, WorkerLostError


class Ray(Executor):
    """One pack on each GPU of the cluster, or, where it has none, on `workers` equal shares of its cores.

    `address` None starts Ray on this machine; `auto` or HOST:PORT joins a cluster, whose machines must have fieldlab
    and see the same files. `workers` None: one for each GPU, or else for each core.
    """

    def __init__(self, *, address: str | None, workers: int | None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, or null for one for each GPU or core, not {workers}")
        self.address = address
        self.asked = workers

    def close(self) -> None: ...

    @property
    def workers(self) -> int:
        have = self.resources()
        return self.asked or int(have.get("GPU", 0)) or int(have["CPU"])

    def resources(self) -> Mapping[str, float]:
        """What the cluster has; joins or starts it."""
        try:
            import ray
        except ImportError as error:
            raise InputError("hydra/launcher=ray: needs Ray; pip install ray") from error
        if not ray.is_initialized():
            os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own future default; it warns
            inherited = {key: os.environ[key] for key in ("WANDB_MODE", "OMP_NUM_THREADS") if key in os.environ}
            path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TQDM_DISABLE": "1"}
            try:
                ray.init(
                    address=self.address or "local",
                    include_dashboard=False if self.address is None else None,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    runtime_env={"env_vars": {**path, **inherited}},
                )
            except (ConnectionError, ValueError) as error:
                raise InputError(f"hydra.launcher.executor.address: no Ray cluster at {self.address}") from error
        return ray.cluster_resources()

    def run(self, work: Work, packs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        have = self.resources()
        import ray

        gpus, cpus = min(have.get("GPU", 0) / self.workers, 1), have["CPU"] / self.workers
        task = ray.remote(num_gpus=gpus, num_cpus=min(cpus, 1) if gpus or cpus < 1 else int(cpus), max_retries=0)(
            work_on
        )
        waiting = deque(enumerate(packs))
        running: dict[Any, int] = {}
        while waiting or running:
            while waiting and len(running) < self.workers:
                i, pack = waiting.popleft()
                running[task.remote(work, pack)] = i
            [done], _ = ray.wait(list(running))
            yield running.pop(done), outcome(done)


def work_on(work: Work, pack: Any) -> Any:
    return work(pack)


def outcome(done: Any) -> Any:
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return ray.get(done)
    except RayTaskError as error:
        return RuntimeError(f"{type(error.cause).__name__}: {error.cause}")
    except RayError as error:
        return WorkerLostError(f"Ray lost the worker that computed it ({type(error).__name__})")
