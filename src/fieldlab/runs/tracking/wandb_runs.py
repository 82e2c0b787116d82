"""Weights & Biases: a run for each fit, members of one batched call included, at the same time."""

import functools
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from fieldlab.errors import first_line
from fieldlab.notices import say
from fieldlab.runs.result import Result
from fieldlab.runs.tracking.tracker import Pictures, Tracker

Mode = Literal["online", "offline", "disabled", "shared"]
LOGIN_SECONDS = 10
SUMMARY = (  # beside the scores
    "status", "seconds", "wall_seconds", "parameters", "compiled", "stopped_at", "diverged_at", "error",
)  # fmt: skip
LONGEST_TAG, MOST_LETTERS, NOT_IN_PROJECTS = 64, 128, "/\\#?%:"  # what W&B takes


class WandbRuns(Tracker):
    """One run a fit: configuration, scores against step, pictures, final scores in the summary; group = study.

    Runs lie in the fit's folder, and one more with a study's report in the study's. `mode` None: $WANDB_MODE, or online where a key works, or else offline.
    """

    def __init__(
        self, *, project: str, entity: str | None, mode: Mode | None, tags: list[str], pictures: int
    ) -> None:
        super().__init__(pictures=pictures)
        if len(project) > MOST_LETTERS or set(project) & set(NOT_IN_PROJECTS):
            raise ValueError(
                f"project must have at most {MOST_LETTERS} letters, none of {NOT_IN_PROJECTS}, not {project!r}"
            )
        for tag in tags:
            if not 1 <= len(tag) <= LONGEST_TAG:
                raise ValueError(f"tags must have 1 to {LONGEST_TAG} letters each, not {len(tag)}: {tag[:20]}…")
        self.project = project
        self.entity = entity
        self.tags = tags
        self.mode = mode
        self.runs: dict[int, Any] = {}

    def settle(self) -> None:
        """The mode, which other processes inherit."""
        os.environ["WANDB_MODE"] = choose_mode(self.mode)

    def start(self, configs: Sequence[Mapping[str, Any]]) -> None:
        mode = choose_mode(self.mode)
        if mode != "disabled":
            self.runs = {m: self.open(config, mode) for m, config in enumerate(configs)}

    def open(self, config: Mapping[str, Any], mode: str) -> Any:
        """The run of a fit."""
        folder = Path(config["folder"])
        return self.begin(
            folder,
            mode,
            group=config["study"],
            name=folder.name,
            id=run_id(config["study"], folder.name.rpartition("-")[2], attempt(folder)),
            tags=[*self.tags, config["field"]["name"][:LONGEST_TAG]],
            config=dict(config),
        )

    def publish(self, folder: Path) -> None:
        """One run for the group: its table, and (with `pictures`) its figure and page."""
        mode = choose_mode(self.mode)
        if mode == "disabled":
            return
        import pandas as pd
        import wandb

        name = f"{folder.name} summary"
        own = run_id(folder.name, "summary", attempt(folder))
        run = self.begin(folder, mode, group=folder.name, name=name, id=own, job_type="summary", tags=self.tags)
        summary = pd.read_csv(folder / "summary.csv", dtype=str, keep_default_na=False)
        shown: dict[str, Any] = {"table": wandb.Table(dataframe=summary)}
        if self.pictures:
            shown["report"] = wandb.Html(str(folder / "report.html"), inject=False)
        if self.pictures and (folder / "figure.png").exists():
            shown["figure"] = wandb.Image(str(folder / "figure.png"))
        run.log(shown)
        run.finish()

    def begin(self, folder: Path, mode: str, **settings: Any) -> Any:
        """A new run; offline if the server cannot be reached now."""
        import wandb

        quiet = wandb.Settings(
            silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True,
            init_timeout=LOGIN_SECONDS,
        )  # fmt: skip
        init = functools.partial(
            wandb.init,
            project=self.project,
            entity=self.entity,
            dir=folder.absolute(),  # W&B remembers the working directory of its first run
            reinit="create_new",
            settings=quiet,
            **settings,
        )
        try:
            return init(mode=mode)  # type: ignore[arg-type]
        except wandb.Error as error:
            if mode != "online":
                raise
            say(f"W&B: cannot open a run ({first_line(error)}): offline")
            return init(mode="offline")

    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None:
        if m in self.runs:
            import wandb

            known = {name: value for name, value in scores.items() if value is not None}
            images = {name: wandb.Image(array) for name, array in pictures.items()}
            self.runs[m].log({**known, **images}, step=step)

    def finish(self, m: int, result: Result) -> None:
        if (run := self.runs.pop(m, None)) is not None:
            facts = {name: getattr(result, name) for name in SUMMARY}
            run.summary.update(
                {name: value for name, value in {**facts, **result.scores}.items() if value is not None}
            )
            run.finish(exit_code=0 if result.status == "finished" else 1)

    def close(self) -> None:
        while self.runs:
            self.runs.popitem()[1].finish(exit_code=255)


def run_id(study: str, what: str, number: int) -> str:
    """`mine-1a2b3c4d-1`: one run of a study, in letters that W&B allows.

    Where the study's name has others, or is long, a digest of it keeps studies apart.
    """
    allowed = re.sub(r"[^\w.-]+", "-", study, flags=re.ASCII)[:LONGEST_TAG]
    digest = "" if allowed == study else hashlib.sha256(study.encode()).hexdigest()[:8]
    return "-".join(part for part in (allowed, digest, what, str(number)) if part)


def attempt(folder: Path) -> int:
    """Which run in this folder the next one is."""
    return len(list((folder / "wandb").glob("*run-*"))) + 1


@functools.cache
def choose_mode(explicit: str | None) -> str:
    """The mode of all runs of this process, decided once: explicit, $WANDB_MODE, or whether a key works."""
    if chosen := explicit or os.environ.get("WANDB_MODE"):
        return chosen
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    try:
        if wandb.login(prompt=False, timeout=LOGIN_SECONDS):
            return "online"
        say("W&B: no key, logging offline (wandb login to go online, logger=none to log nothing)")
    except wandb.Error as error:
        say(f"W&B: logging offline ({first_line(error)})")
    return "offline"
