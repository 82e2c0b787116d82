"""The report of a study: tables, figure, page and README, made from result.json files alone."""

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fieldlab.config.instantiate import locate
from fieldlab.errors import InputError
from fieldlab.report.figure import save_figure
from fieldlab.report.page import save_page
from fieldlab.report.progress import describe_progress
from fieldlab.report.readme import write_readme
from fieldlab.report.results import explain, read_fits
from fieldlab.report.summary import latex, markdown, summary_table
from fieldlab.report.table import TASK, fits_table
from fieldlab.runs.result import Result, result_or_none

PAGE = "report.html"


def report(folder: Path, to: Path | None = None, *, photos: bool = True) -> str:
    """Write report.html, table.csv, table.md, table.tex, summary.csv and figure.png into a study's folder; return the Markdown table,
    and how far the study has come where runs are left.

    `to` receives README.md, table.csv and figure.png besides: the committed answer. Without `photos` the figure
    shows error maps and curves alone.

    Raises:
        InputError: no fits in the folder.
    """
    plan, results = read_fits(folder)
    fits = fits_table(plan, results)
    summary = summary_table(fits, results)
    fits.drop(columns=TASK).to_csv(folder / "table.csv", index=False)
    summary.to_csv(folder / "summary.csv", index=False)
    (folder / "table.md").write_text(markdown(summary) + "\n")
    (folder / "table.tex").write_text(latex(summary))
    draw = locate(plan.figure, "figure") if plan else figure_of(results)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph"
        )  # a signal's name in an alphabet that matplotlib's font lacks
        caption = draw(folder / "figure.png", folder, results, photos=photos)
    progress = describe_progress(folder, plan, results)
    save_page(folder / PAGE, folder, plan, results, fits, summary, progress=progress, photos=photos)
    if to is not None:
        name = folder.name
        command = f"fieldlab-report runs/{name} --to experiments/{name}{'' if photos else ' --without-photos'}"
        try:
            commit_answer(folder, to, write_readme(to, command, plan, results, fits, caption))
        except OSError as error:
            raise InputError(f"--to {to}: cannot be written ({error.strerror})") from error
    return "\n\n".join(part for part in (markdown(summary), progress) if part)


def figure_of(results: Mapping[str, Result]) -> Callable[..., str | None]:
    """The function that draws the figure of runs without a plan: as the first of them says."""
    target = next((result.config.get("figure") for result in results.values()), None)
    return locate(str(target), "figure") if target else save_figure


def commit_answer(folder: Path, to: Path, text: str) -> None:
    """Write the part of a report that a repository keeps."""
    to.mkdir(parents=True, exist_ok=True)
    for name in ("table.csv", "figure.png", "film.gif"):
        if (folder / name).exists() and not to.samefile(folder):
            shutil.copyfile(folder / name, to / name)
    (to / "README.md").write_text(text)


def conclude_studies(folders: Sequence[Path]) -> bool:
    """End a sweep: print the table of each study it touched, list which of its runs failed; whether none did."""
    for study in dict.fromkeys(folder.parent for folder in folders):
        table = report(study)
        files = ("report.html", "table.csv", "table.md", "table.tex", "figure.png")
        print(f"\n{table}\n\n{study}/: {', '.join(file for file in files if (study / file).exists())}")
    ends = {folder: result_or_none(folder) for folder in dict.fromkeys(folders)}
    bad = {folder: result for folder, result in ends.items() if result is None or result.status != "finished"}
    for folder, result in bad.items():
        why = explain(result, missing="its result could not be written")
        print(f"{result.status if result else 'failed'}: {folder} ({why})")
    return not bad
