"""Local: one process for each GPU of this machine, or as many CPU processes as are asked for. Standard library alone."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from fieldlab.sweeps.executors.executor import Executor, Work, WorkerLostError

LEAVE_SECONDS = 10


class Local(Executor):
    """`workers` processes, None: one for each visible GPU, or else one for each processor core.

    Each sees one GPU, or has its share of the cores. A process that is killed costs its pack alone: another takes
    its place. All of them end with this one, however it ends.
    """

    def __init__(self, *, workers: int | None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, or null for one for each GPU or core, not {workers}")
        self.asked = workers
        self.idle: list[Worker] = []

    @property
    def workers(self) -> int:
        return self.asked or len(visible_gpus()) or cores()

    def run(self, work: Work, packs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        self.idle += [Worker(share(i, self.workers)) for i in range(len(self.idle), self.workers)]
        waiting = deque(enumerate(packs))
        running: dict[Any, tuple[int, Worker]] = {}
        try:
            while waiting or running:
                while waiting and self.idle:
                    worker = self.idle.pop()
                    i, pack = waiting.popleft()
                    running[worker.start(work, pack)] = i, worker
                for pipe in wait(list(running)):
                    i, worker = running.pop(pipe)
                    self.idle.append(worker)
                    yield i, worker.outcome()
        finally:
            for _, worker in running.values():
                worker.kill()

    def close(self) -> None:
        while self.idle:
            self.idle.pop().dismiss()


class Worker:
    """A process that does work as it is sent, and its successors."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process: Any = None

    def start(self, work: Work, pack: Any) -> Any:
        """Begin; what is returned becomes readable when the outcome is there."""
        if self.process is None or not self.process.is_alive():
            context = multiprocessing.get_context("spawn")
            self.pipe, theirs = context.Pipe()
            self.process = context.Process(target=serve, args=(theirs, self.environment))
            self.process.start()
            theirs.close()
        with suppress(OSError):  # a process that has died already: `outcome` will say so
            self.pipe.send((work, pack))
        return self.pipe

    def outcome(self) -> Any:
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            return WorkerLostError(f"the process that computed it ended with code {self.process.exitcode}")

    def dismiss(self) -> None:
        """Let the process end: it has nothing to do."""
        if self.process is not None:
            self.pipe.close()
            self.process.join(LEAVE_SECONDS)
            self.process.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def serve(pipe: Any, environment: dict[str, str]) -> None:
    """The life of a worker process."""
    os.environ |= environment  # before anything imports torch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    threading.Thread(target=end_with_parent, daemon=True).start()
    while True:
        try:
            work, pack = pipe.recv()
        except EOFError:
            return
        try:
            answer = work(pack)
        except Exception as error:  # as text, for not every exception can be sent
            answer = RuntimeError(f"{type(error).__name__}: {error}")
        pipe.send(answer)


def end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def share(i: int, workers: int) -> dict[str, str]:
    """What worker i of so many sees of the machine; it draws no progress lines."""
    gpus = visible_gpus()
    mine = {"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} if gpus else {}
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores() // workers))
    return {**mine, "OMP_NUM_THREADS": threads, "TQDM_DISABLE": "1"}


def visible_gpus() -> list[str]:
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return named.split(",")[:count] if named else [str(i) for i in range(count)]


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
