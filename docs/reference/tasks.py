"""The groups of conf/ as pages: what any run has, and what each task brings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fieldlab.config.instantiate import locate_class
from fieldlab.runs.scoring import Scoring
from fieldlab.runs.task import Task
from reference.docstrings import describe, escape, summarize, write_title
from reference.options import CONF, Default, Key, Option, list_options, read_option

FIRST = ("fit", "surface", "kernel", "visualize", "roll")  # the order in which pages name tasks
APART = ("task", "experiment", "hydra/help", "hydra/job_logging", "hydra/hydra_logging")
Placed = Mapping[str, str]  # the page of each group


def write_groups() -> dict[str, str]:
    """The pages of what any run has, of each task, and of the studies that are ready."""
    tasks = sort_tasks(list_options("task"))
    root = read_option(CONF / "fieldlab.yaml")
    common = list(dict.fromkeys(reach([*root.defaults, *read_option(CONF / "sweeping.yaml").defaults])))
    placed = dict.fromkeys(common, "run")
    for task in tasks:
        for group in reach(task.defaults):
            placed.setdefault(group, task.name)
    pages = {"reference/run.md": write_run(root, common, placed)}
    return pages | {f"reference/{task.name}.md": write_task(task, placed) for task in tasks}


def sort_tasks(tasks: Iterable[Option]) -> list[Option]:
    return sorted(tasks, key=lambda task: (FIRST.index(task.name) if task.name in FIRST else len(FIRST), task.name))


def reach(defaults: Iterable[Default]) -> Iterator[str]:
    """The groups that a defaults list chooses from, and those that their options choose from."""
    seen: set[str] = set()
    waiting = [default.group for default in defaults if default.group]
    while waiting:
        group = waiting.pop(0)
        if group in seen or group in APART:
            continue
        seen.add(group)
        yield group
        waiting += [inner.group for option in list_options(group) for inner in option.defaults if inner.group]


def sort_into_trees(groups: Sequence[str]) -> list[str]:
    """The same groups, each before those below it."""
    tops = [group.partition("/")[0] for group in groups]
    return sorted(groups, key=lambda group: (tops.index(group.partition("/")[0]), groups.index(group)))


def write_run(root: Option, groups: Sequence[str], placed: Placed) -> str:
    """What any run has: its top-level keys, and the groups that no task brings."""
    parts = ["# Any run", "Keys and groups that every task has.", "## Top-level keys"]
    parts += [write_keys([key for key in root.keys if "." not in key.name])]
    parts += write_defaults(root.defaults, placed, "run")
    for group in sort_into_trees(groups):
        parts += write_group(group)
    studies = [(f"`{study.name}`", escape(study.comment)) for study in list_options("experiment")]
    parts += ["## `experiment`", "Ready studies; [each has its answer](../studies.md)."]
    parts += [write_table(("option", "what it is"), studies)]
    return "\n\n".join(parts) + "\n"


def write_task(task: Option, placed: Placed) -> str:
    """What a task asks, how it is scored, its settings, and the groups it brings."""
    kind: type[Task] = locate_class({"_target_": find_target(task)}, "task", Task, "a task")
    parts = [f"# `task={task.name}`", escape(task.comment) + "."]
    parts += ["## Its keys", write_keys(task.keys), *write_defaults(task.defaults, placed, task.name)]
    parts += ["## Scores", *write_scoring(kind.scoring)]
    files = ", ".join(f"`{name}`" for name in kind.files)
    parts += ["## Files", f"Beside `result.json`, `config.yaml` and the curve, a run leaves {files}."]
    for group in sort_into_trees([group for group, page in placed.items() if page == task.name]):
        parts += write_group(group)
    return "\n\n".join(parts) + "\n"


def find_target(task: Option) -> str | None:
    return next(key.target for key in task.keys if key.name == "task")


def write_defaults(defaults: Iterable[Default], placed: Placed, here: str) -> list[str]:
    """The groups of a defaults list, each with what is chosen where nothing is said."""
    rows = []
    for default in defaults:
        if default.group is None or default.group.startswith("hydra/") or default.group == "experiment":
            continue
        page = placed.get(default.group, default.option)  # a task has a page of its own
        there = "" if page == here else f"{page}.md"
        where = f"{there}#{slugify(default.group)}" if default.group in placed else there
        rows.append((f"[`{default.name}`]({where})", f"`{default.option}`"))
    return ["Groups, chosen by `group=option`:", write_table(("group", "where nothing is said"), rows)]


def write_scoring(scoring: Scoring) -> Iterator[str]:
    """The scores that a run may have, which of them ranks, and what is searched for."""
    rows = []
    for name, score in scoring.scores.items():
        better = "" if not score.judged else "lower" if score.lower else "higher"
        rows.append((f"`{name}`", escape(score.label + score.unit), better))
    yield write_table(("in `result.json`", "in tables", "better"), rows)
    judges = " or else ".join(escape(words) for words in scoring.judges.values())
    searched = f"; a search looks for the best `{scoring.searched}`" if scoring.searched else ""
    yield f"`{scoring.headline}` ranks; settings are chosen by {judges}{searched}."
    yield escape(scoring.note)


def write_group(group: str) -> Iterator[str]:
    """A group with its options, and the keys of those that have any."""
    options = list_options(group)
    yield f"## `{group}`"
    yield write_table(("option", "what it is"), [(f"`{option.name}`", explain(option)) for option in options])
    places = list_places(group)
    if places:
        yield f"Its keys stand below {' or '.join(f'`{place}`' for place in places)}."
    for option in options:
        if option.keys and not is_variant(option) and not (len(option.keys) == 1 and option.keys[0].target):
            yield write_title(f"### `{group}={option.name}`", option.name)
            if text := describe(option.target):
                yield f"`{option.target}`: {text}"
            yield from (f"As `{default.option}`, and:" for default in option.defaults if default.group is None)
            own = [key for key in option.keys if not (key.name.endswith(".name") and key.value == option.name)]
            yield write_keys([move_key(key, option.place, places[0]) for key in own] if places else own)


def move_key(key: Key, here: str, there: str) -> Key:
    """The key of a part that stands elsewhere than below its group's name."""
    return replace(key, name=there + key.name.removeprefix(here))


def list_places(group: str) -> list[str]:
    """Where a group stands that others choose from; nowhere else than below its own name if a task brings it there."""
    brought = [default for task in list_options("task") for default in task.defaults]
    if any(default.group == group and not default.package for default in brought):
        return []
    others = [file.parent.relative_to(CONF).as_posix() for file in sorted(CONF.glob("*/**/*.yaml"))]
    options = [option for other in dict.fromkeys(others) if other not in APART for option in list_options(other)]
    packages = {
        ".".join(filter(None, (option.place, default.package)))
        for option in options
        for default in option.defaults
        if default.group == group and default.package and default.package != "_here_"
    }
    return [] if group.replace("/", ".") in packages else sorted(packages, key=len)


def is_variant(option: Option) -> bool:
    """Whether it is another option of its group with other values, and has nothing to say of its own."""
    return not option.comment and any(default.group is None for default in option.defaults)


def explain(option: Option) -> str:
    """What an option is, in a line."""
    if is_variant(option):
        values = ", ".join(f"`{key.name.rpartition('.')[2]}` {escape(key.value)}" for key in option.keys)
        return f"`{option.defaults[0].option}` with {values}"
    text = (
        escape(option.comment)
        or summarize(option.target)
        or summarize(option.keys[0].target if option.keys else None)
    )
    if option.target and not text:
        text = f"`{option.target}`"
    parts = [f"`{default.name}={default.option}`" for default in option.defaults if default.group]
    return text + (f" ({', '.join(parts)})" if parts else "")


def write_keys(keys: Sequence[Key]) -> str:
    """Keys with their defaults and comments."""
    rows = []
    for key in keys:
        meaning = escape(key.comment) or summarize(key.target)
        value = f"`{key.target.rpartition('.')[2]}`" if key.target else f"`{key.value}`" if key.value else ""
        rows.append((f"`{key.name}`", value, meaning))
    if not any(meaning for *_, meaning in rows):
        return write_table(("key", "default"), [row[:2] for row in rows])
    return write_table(("key", "default", "what it is"), rows)


def slugify(group: str) -> str:
    """The address of a group's heading on its page."""
    return group.replace("/", "")


def write_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |" for line in lines)
