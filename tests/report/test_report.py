"""Tables and figures from result.json files alone."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import fieldlab
from fieldlab.errors import InputError
from fieldlab.report.results import read_fits
from fieldlab.report.study import report
from fieldlab.runs.result import Plan, Planned, Result, read_plan, read_result
from fieldlab.signals.pictures import picture
from fieldlab.tasks.fit.pictures import ERROR_LIMIT

STUDY = Path("runs/mine")
GENERIC = "fieldlab.report.figure.save_figure"


def result(field: str, seed: int, test: float, **changes) -> Result:
    scores = {
        "train_psnr": test + 5,
        "validation_psnr": test,
        "test_psnr": test,
        "full_psnr": test + 1,
        "full_ssim": 0.9,
    }
    made = Result(
        status="finished",
        study="mine",
        field=field,
        signal="camera",
        seed=seed,
        steps=10,
        seconds=1.5,
        parameters=1234,
        scores=scores,
        yardsticks={"bicubic": {"train_psnr": 138.0, "test_psnr": 30.0, "full_psnr": 31.0, "full_ssim": 0.9}},
        curve=[{"step": 10, "seconds": 1.5, **scores}],
        grid=[8, 8],
        device="cpu: a processor, 2 threads",
        versions={"torch": "2"},
        config={"field": {"name": field}, "seed": seed},
    )
    made = replace(made, **changes)
    made = replace(made, config={"task": {"_target_": "fieldlab.tasks.fit.Fit"}, **made.config})
    folder = STUDY / f"{field}-camera-s{seed}-{len(list(STUDY.glob('*')))}"
    folder.mkdir(parents=True)
    made.save(folder)
    for name in ("target", "reconstruction", "error"):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / f"{name}.png")
    return made


def test_one_row_a_fit_with_the_promised_columns():
    result("relu", 0, 20.0)
    result("siren", 0, 25.0)
    report(STUDY)
    table = pd.read_csv(STUDY / "table.csv")
    promised = "study field signal seed status parameters steps seconds train_psnr test_psnr full_psnr full_ssim"
    assert list(table.columns)[:12] == promised.split()
    assert table.test_psnr.tolist() == [20, 25]


def test_the_same_seed_of_older_code_does_not_count_twice(caplog: pytest.LogCaptureFixture):
    for code, test in ((None, 10.0), ("aaaa", 20.0), ("bbbb", 30.0)):
        for seed in (0, 1):
            result(
                "relu", seed, test + seed, hash=code and f"{code}{seed}", finished_at=f"2026-01-01T00:00:{test:02.0f}"
            )
    result("siren", 0, 5.0, hash="cccc0", finished_at="2026-01-01T00:00:00")
    Plan("mine", "", "", GENERIC, [], [Planned(f.name, "relu", "camera", 0) for f in STUDY.glob("relu*")]).save(STUDY)
    found = fieldlab.table(STUDY)
    assert found[found.field == "relu"].test_psnr.tolist() == [30.0, 31.0]
    assert len(found) == 3
    assert caplog.messages == ["runs/mine: 4 runs of older code or files are passed over"]


def test_a_study_is_a_data_frame():
    for seed, test in enumerate((20.0, 21.0)):
        result("relu", seed, test)
        result("gaussian", seed, test + 4, config={"field": {"name": "gaussian", "encoding": {"sigma": 5 + seed}}})
    found = fieldlab.table(str(STUDY))
    assert found.groupby("field").test_psnr.mean().to_dict() == {"gaussian": 24.5, "relu": 20.5}
    assert found["field.encoding.sigma"].dropna().tolist() == [5, 6]
    assert {path.name for path in STUDY.iterdir() if path.is_dir()} == set(found.index)
    with pytest.raises(InputError, match="there is no such folder"):
        fieldlab.table("runs/nowhere")


def test_mean_and_standard_deviation_over_seeds():
    for seed, test in enumerate([20.0, 21.0, 25.0]):
        result("relu", seed, test)
    line = next(line for line in report(STUDY).splitlines() if "relu" in line)
    assert f"{np.mean([20, 21, 25]):.2f} ± {np.std([20, 21, 25], ddof=1):.2f}" in line
    assert line.rstrip("| ").endswith("3")
    assert "30.00" in next(line for line in report(STUDY).splitlines() if "bicubic" in line)


@pytest.mark.quick(1)
@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.png", "b/x.png"], ["a/x", "b/x"]),
        (["x.png", "x.tif"], ["x.png", "x.tif"]),
        (["skimage:x.png", "a/b/x.png", "b/b/x.png"], ["skimage:x", "a/b/x", "b/b/x"]),
    ],
)
def test_files_of_one_name_are_signals_of_their_own(paths: list[str], names: list[str]):
    for i, path in enumerate(paths):
        for seed in (0, 1):
            signal = {"_target_": "fieldlab.signals.images.image", "name": None, "path": path, "size": 64}
            config = {"field": {"name": "relu"}, "seed": seed, "signal": signal}
            result("relu", seed, 20.0 + 2 * i, signal="x", config=config)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report(STUDY).splitlines()]
    assert rows[0][:3] == ["signal", "field", "parameters"]
    found = {row[0]: row[4] for row in rows if row[1] == "relu"}
    means = [20.0 + 2 * i for i in range(len(paths))]
    assert {name: found[name] for name in names} == {
        name: f"{m:.2f} ± 0.00" for name, m in zip(names, means, strict=True)
    }
    assert found[f"all {len(paths)}"] == f"{np.mean(means):.2f} ± {np.std(means, ddof=1):.2f}"


def test_one_file_in_two_places_is_one_signal(tmp_path: Path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/x.png").write_bytes(b"the same")
    for seed, path in enumerate(["here/x.png", str(tmp_path / "here/x.png")]):
        result("relu", seed, 20.0 + seed, signal="x", config={"signal": {"name": None, "path": path}, "seed": seed})
    _, results = read_fits(STUDY)
    assert {made.signal for made in results.values()} == {"x"}


def test_a_signal_with_a_name_of_its_own_keeps_it():
    for seed, path in enumerate(["a/x.png", "b/x.png"]):
        result("relu", seed, 20.0, signal="mine", config={"signal": {"name": "mine", "path": path}, "seed": seed})
    _, results = read_fits(STUDY)
    assert {made.signal for made in results.values()} == {"mine"}


def test_markdown_latex_and_figure_are_written():
    result("relu", 0, 20.0)
    result("siren", 0, 25.0)
    shown = report(STUDY)
    assert (STUDY / "table.md").read_text().strip() == shown
    tex = (STUDY / "table.tex").read_text()
    assert r"\toprule" in tex
    assert "siren" in tex
    assert Image.open(STUDY / "figure.png").size[0] > 300


def test_no_cell_of_the_latex_table_is_a_command():
    odd = r"50%_#1 {a} & b~c^2 \d $"
    result("relu", 0, 20.0)
    result("relu", 1, 20.0, signal=odd)
    report(STUDY)
    tex = (STUDY / "table.tex").read_text()
    assert r"50\%\_\#1 \{a\} \& b\textasciitilde c\textasciicircum 2 \textbackslash d \$" in tex
    body = [line for line in tex.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {body[0].count(" & ")}
    assert not [line for line in body if re.search(r"(?<!\\)[%#]", line)]


def test_swept_settings_become_columns():
    for sigma in (5, 10):
        result("gaussian", 0, 20.0 + sigma, config={"field": {"name": "gaussian", "encoding": {"sigma": sigma}}})
    shown = report(STUDY)
    assert "sigma" in shown.splitlines()[0]
    assert pd.read_csv(STUDY / "table.csv")["field.encoding.sigma"].tolist() == [5, 10]


@pytest.mark.quick(2)
@pytest.mark.parametrize(
    ("one", "other", "column"),
    [
        ({"split": {"_target_": "a.stride"}}, {"split": {"_target_": "a.checkerboard"}}, "split"),
        ({"split": {"_target_": "a.random", "seed": 0}}, {"split": {"_target_": "a.random", "seed": 1}}, "seed"),
        ({"optimizer": {"_target_": "t.Adam", "betas": [0.9, 0.9]}}, {"optimizer": {"_target_": "t.SGD"}}, "optimizer"),
        ({"signal": {"name": "camera", "path": "a.png"}}, {"signal": {"name": "camera", "path": "b.png"}}, "path"),
        ({"field": {"name": "siren", "coordinates": [-1, 1]}}, {"field": {"name": "siren", "coordinates": [0, 1]}}, "coordinates"),
        ({"steps": 2}, {"steps": 4}, "steps"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_different_settings_are_never_averaged(one: dict, other: dict, column: str):
    for seed in (0, 1):
        for test, config in ((20.0, one), (30.0, other)):
            result("siren", seed, test, config={"field": {"name": "siren"}, **config}, steps=config.get("steps", 10))
    shown = report(STUDY).splitlines()
    assert column in [cell.strip() for cell in shown[0].split("|")]
    rows = [line for line in shown if "siren" in line]
    assert len(rows) == 2
    assert "20.00 ± 0.00" in rows[0]
    assert "30.00 ± 0.00" in rows[1]
    assert not any("betas" in line for line in shown)  # the optimiser's name says it


def test_each_split_has_its_own_bicubic_line():
    for split, dB in (("stride", 30.0), ("columns", 33.0)):
        config = {"field": {"name": "siren"}, "split": {"_target_": f"a.{split}"}}
        result("siren", 0, 20.0, config=config, yardsticks={"bicubic": {"test_psnr": dB, "full_psnr": dB}})
    lines = [line for line in report(STUDY).splitlines() if "bicubic" in line]
    assert [("stride" in line, "30.00" in line) for line in lines] == [(True, True), (False, False)]
    assert "33.00" in lines[1]


@pytest.mark.slow
def test_a_committed_answer_that_cannot_be_written_is_named(tmp_path: Path):
    result("relu", 0, 20.0)
    Path("file").write_text("")
    for to in ("file", "file/below"):
        with pytest.raises(InputError, match=f"--to {to}: cannot be written"):
            report(STUDY, Path(to))
    report(STUDY, STUDY)
    assert (STUDY / "README.md").exists()


def test_a_half_finished_study_shows_what_is_missing():
    done = result("relu", 0, 20.0)
    result("relu", 1, 0.0, status="diverged", diverged_at=7, scores={}, yardsticks={})
    names = [folder.name for folder in sorted(STUDY.glob("*-s*"))]
    planned = [Planned(name, "relu", "camera", i) for i, name in enumerate(names)]
    Plan("mine", "Why?", "", GENERIC, ["fieldlab -m …"], [*planned, Planned("later", "siren", "camera", 0)]).save(
        STUDY
    )
    shown = report(STUDY)
    assert "1 of 2: 1 diverged at step 7" in shown
    assert "0 of 1: 1 missing" in shown
    assert pd.read_csv(STUDY / "table.csv").status.tolist() == ["finished", "diverged", "missing"]
    assert done.scores["test_psnr"] == 20


def test_nothing_finished_yet_still_has_a_table():
    STUDY.mkdir(parents=True)
    Plan("mine", "", "", GENERIC, [], [Planned("later", "siren", "camera", 0)]).save(STUDY)
    assert "0 of 1: 1 missing" in report(STUDY)


def test_the_committed_answer_has_question_command_machine_and_answer():
    result("relu", 0, 20.0)
    result("siren", 0, 25.0)
    Plan("mine", "Which is best?", "Mind the gap.", GENERIC, ["fieldlab -m field=relu,siren study=mine"], []).save(
        STUDY
    )
    report(STUDY, Path("experiments/mine"))
    readme = Path("experiments/mine/README.md").read_text()
    for part in (
        "Which is best?",
        "fieldlab -m field=relu,siren study=mine",
        "a processor",
        "siren (25.00) > relu (20.00)",
        "Mind the gap.",
    ):
        assert part in readme
    assert {f.name for f in Path("experiments/mine").iterdir()} == {"README.md", "table.csv", "figure.png"}


def test_a_readme_has_each_fields_best_setting_and_links_the_rest():
    for sigma, test in ((5, 20.0), (10, 22.0), (20, 21.0)):
        for signal in ("camera", "coins"):
            best_on_coins = 4.0 if (signal, sigma) == ("coins", 20) else 0.0
            config = {"field": {"name": "gaussian", "encoding": {"sigma": sigma}}}
            result("gaussian", 0, test + best_on_coins, signal=signal, config=config)
    for signal in ("camera", "coins"):
        result("relu", 0, 18.0, signal=signal)
    assert len(report(STUDY, Path("answer")).splitlines()) == 2 + 2 * 5 + 5
    text = Path("answer/README.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in text.splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        ["camera", "gaussian", "10"], ["camera", "relu", "–"], ["camera", "bicubic", "–"],
        ["coins", "gaussian", "20"], ["coins", "relu", "–"], ["coins", "bicubic", "–"],
        ["all 2", "gaussian", "20"], ["all 2", "relu", "–"], ["all 2", "bicubic", "–"],
    ]  # fmt: skip
    assert "Each field at its best setting by validation samples. One row a run: [table.csv](table.csv)." in text
    assert len(pd.read_csv("answer/table.csv")) == 8


@pytest.mark.slow
def test_a_readme_without_swept_settings_has_the_whole_table():
    for signal in ("camera", "coins"):
        for split in ("stride", "all"):
            config = {"field": {"name": "relu"}, "split": {"_target_": f"a.{split}"}}
            result("relu", 0, 20.0, signal=signal, config=config)
    table = report(STUDY, Path("answer"))
    text = Path("answer/README.md").read_text()
    assert table in text
    assert "at its best setting" not in text


@pytest.mark.slow
def test_a_readme_keeps_what_has_not_finished():
    result("relu", 0, 20.0)
    for sigma in (5, 10):
        config = {"field": {"name": "gaussian", "encoding": {"sigma": sigma}}}
        result("gaussian", 0, 0.0, status="diverged", diverged_at=7, scores={}, yardsticks={}, config=config)
    report(STUDY, Path("answer"))
    assert Path("answer/README.md").read_text().count("0 of 1: 1 diverged at step 7") == 1


@pytest.mark.slow
def test_notes_beside_a_readme_are_linked_and_those_of_a_plan_included():
    result("relu", 0, 20.0)
    answer = Path("answer")
    link = "## Notes\n\nSee [NOTES.md](NOTES.md)."
    report(STUDY, answer)
    assert "Notes" not in (answer / "README.md").read_text()
    (answer / "NOTES.md").write_text("Mind the gap.")
    report(STUDY, answer)
    assert f"{link}\n\n## Machine" in (answer / "README.md").read_text()
    Plan("mine", "", "Mine the *gap*.", GENERIC, [], []).save(STUDY)
    report(STUDY, answer)
    assert f"{link}\n\nMine the *gap*.\n" in (answer / "README.md").read_text()
    assert (answer / "NOTES.md").read_text() == "Mind the gap."


def test_plans_of_several_launches_add_up():
    STUDY.mkdir(parents=True)
    for seed in (0, 1, 1):
        Plan("mine", "", "", GENERIC, [f"command {seed}"], [Planned(f"fit{seed}", "siren", "camera", seed)]).save(
            STUDY
        )
    plan = read_plan(STUDY)
    assert plan is not None
    assert [fit.folder for fit in plan.fits] == ["fit0", "fit1"]
    assert plan.commands == ["command 0", "command 1"]


def test_what_is_no_study_is_named():
    with pytest.raises(InputError, match="there is no such folder"):
        report(STUDY)
    STUDY.mkdir(parents=True)
    with pytest.raises(InputError, match="no fits here"):
        report(STUDY)
    (STUDY / "broken").mkdir()
    for text in ('{"status": ', "[1]", "7"):
        (STUDY / "broken/result.json").write_text(text)
        with pytest.raises(InputError, match=r"broken/result\.json: is no result that fieldlab wrote"):
            report(STUDY)


def test_a_damaged_result_is_as_good_as_missing(caplog: pytest.LogCaptureFixture):
    result("relu", 0, 20.0)
    (STUDY / "relu-camera-s1-x").mkdir()
    (STUDY / "relu-camera-s1-x/result.json").write_text("")
    figure = "fieldlab.report.figure.save_figure"
    Plan("mine", "", "", figure, [], [Planned("relu-camera-s1-x", "relu", "camera", 1)]).save(STUDY)
    assert "1 of 2: 1 missing" in report(STUDY)
    assert "relu-camera-s1-x/result.json: is no result that fieldlab wrote" in caplog.text


def test_results_are_strict_json_and_come_back():
    made = result("relu", 0, 20.0)
    folder = next(STUDY.glob("relu*"))
    json.loads((folder / "result.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert read_result(folder) == made


@pytest.mark.slow
def test_yardsticks_of_0_1_0_are_read_by_their_names():
    made = result("relu", 0, 20.0)
    [file] = STUDY.glob("*/result.json")
    stored = json.loads(file.read_text())
    yardsticks = stored.pop("yardsticks")
    older = {"bicubic": yardsticks["bicubic"], "classical": None, "real": None}
    table = report(STUDY)
    file.write_text(json.dumps({**stored, **older}))
    assert read_result(file.parent) == made
    assert report(STUDY) == table
    file.write_text(json.dumps({**stored, **older, "classical": {"full_psnr": 33.0}}))
    assert read_result(file.parent).yardsticks == {**yardsticks, "Poisson solver": {"full_psnr": 33.0}}
    assert report(STUDY).splitlines()[-1].startswith("| Poisson solver |")


def test_pictures_of_every_dimension():
    assert picture(np.linspace(0, 1, 5000)[:, None]).shape == (160, 1024, 3)
    assert picture(np.full((4, 5, 1), 0.5)).tolist() == picture(np.full((4, 5, 3), 0.5)).tolist()
    volume = np.zeros((3, 4, 5, 1))
    volume[1] = 1
    assert picture(volume).min() == 255
    assert 0 < ERROR_LIMIT < 1
