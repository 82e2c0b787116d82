"""What has moved since 0.1.0: results, plans and users' files name parts by where they were."""

from collections.abc import Mapping
from typing import Any

TASK = "fieldlab.tasks.fit.Fit"  # of runs in plans of 0.1.0, which do not say
UNIFORM = "fieldlab.training.sampling.uniform.Uniform"
SUPERVISION = ("constraints", "free", "derivatives")
ABSENT = (  # were null where they did not belong to a task
    "signal", "split", "supervise", "model", "objective", "canvas", "transforms", "photos", "warp", "goal", "shift_init", "memorise", "experiment",
)  # fmt: skip
MOVED = {  # the longest name that fits counts
    "fieldlab.canvases": "fieldlab.tasks.visualize.canvases",
    "fieldlab.executors": "fieldlab.sweeps.executors",
    "fieldlab.goals": "fieldlab.tasks.roll.goals",
    "fieldlab.models": "fieldlab.classifiers",
    "fieldlab.objectives": "fieldlab.tasks.visualize.objectives",
    "fieldlab.report.bandwidth": "fieldlab.studies.bandwidth",
    "fieldlab.report.composite": "fieldlab.studies.composite",
    "fieldlab.report.derivatives": "fieldlab.studies.derivatives",
    "fieldlab.report.features": "fieldlab.studies.features",
    "fieldlab.report.knobs.save_figure": "fieldlab.studies.knobs.save_figure",
    "fieldlab.report.rolling": "fieldlab.studies.rolling",
    "fieldlab.tasks.constraints": "fieldlab.training.constraints",
    "fieldlab.tasks.kernel.kernels": "fieldlab.kernels",  # since then
    "fieldlab.tracking": "fieldlab.runs.tracking",
    "fieldlab.transforms": "fieldlab.tasks.visualize.transforms",
    "fieldlab.warps": "fieldlab.tasks.roll.warps",
}
YARDSTICKS = {  # keys of results, and the names that they stood for
    "bicubic": "bicubic",
    "classical": "Poisson solver",
    "real": "real patches",
}


def update_name(name: str) -> str:
    """The dotted name under which a part is found now."""
    for old, new in MOVED.items():
        if name == old or name.startswith(f"{old}."):
            return new + name.removeprefix(old)
    return name


def update_run(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a run of 0.1.0 as it would be composed now; later ones as they are."""
    found = {key: update_run(value) if has_task(value) else update(value) for key, value in config.items()}
    task, name = found.get("task"), found.get("supervise")
    if not isinstance(task, dict):
        return found
    if isinstance(name, str):  # what is asked of a field stood among the settings of the task
        found["supervise"] = {"name": name, **{key: task[key] for key in SUPERVISION if key in task}}
        found["task"] = {key: value for key, value in task.items() if key not in SUPERVISION}
    if "replacement" in task:  # how samples are drawn stood there too
        task = found["task"] = dict(found["task"])
        found["sampling"] = {"_target_": UNIFORM, "replacement": task.pop("replacement")}
    absent = ABSENT if found.get("goal") else (*ABSENT, "library")
    return {key: value for key, value in found.items() if value is not None or key not in absent}


def has_task(node: Any) -> bool:
    """Whether a node describes a run."""
    return isinstance(node, Mapping) and isinstance(node.get("task"), Mapping)


def update(node: Any) -> Any:
    """A configuration in which every `_target_` is where it is found now."""
    if isinstance(node, Mapping):
        return {
            key: update_name(value) if key == "_target_" and isinstance(value, str) else update(value)
            for key, value in node.items()
        }
    return [update(value) for value in node] if isinstance(node, list) else node


def collect_yardsticks(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored result with its yardsticks by name, where 0.1.0 gave each a key of its own."""
    older = {name: stored[key] for key, name in YARDSTICKS.items() if stored.get(key) is not None}
    return {**stored, "yardsticks": {**older, **stored.get("yardsticks", {})}}
