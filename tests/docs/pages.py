"""README, the pages of the site and the studies' answers, and what stands in their blocks of code."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
import trimesh
from PIL import Image
from scipy.io import wavfile

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "README.md", *sorted(ROOT.glob("docs/pages/**/*.md"))]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in FILES}
BY_SCRIPTS = ("speed",)  # answers that no sweep makes
ANSWERS = {path.parent.name: path.read_text() for path in sorted(ROOT.glob("experiments/*/README.md"))}
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, the file that it is to be written to, and its text."""

    language: str
    file: str
    text: str


def blocks(text: str) -> list[Block]:
    """All blocks of code of a page."""
    return [Block(*found) for found in BLOCK.findall(text)]


def commands(text: str) -> list[str]:
    """The lines that a reader types, without their comments, and without those whose answer is shown."""
    typed = [line for block in blocks(text) if block.language == "bash" for line in block.text.splitlines()]
    shown = [block.text for block in blocks(text) if block.language == "console"]
    typed += [line for block in shown for line in re.findall(r"^\$ (.*)\n(?!fieldlab: )", block, re.MULTILINE)]
    return [line.split("  #")[0].strip() for line in typed if line.strip()]


def links(text: str) -> list[str]:
    """Where a page leads to inside the repository."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith("https://")]


def write_files(folder: Path, page: str) -> None:
    """What a page's reader has: photos, a sound, a film, an array, a mesh, heights, and the files that it has them write."""
    for name in ("photo", "a", "b"):
        pixels = np.random.default_rng(0).integers(0, 255, (50, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "photos").mkdir()
    for name in ("coffee", "chelsea"):
        shutil.copyfile(Path(skimage.__file__).parent / f"data/{name}.png", folder / f"photos/{name}.png")
    wavfile.write(folder / "voice.wav", 8000, np.sin(np.linspace(0, 50, 400), dtype=np.float32))
    frames = [Image.new("L", (20, 20), shade) for shade in (0, 90, 180)]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    np.save(folder / "sound.npy", np.sin(np.linspace(0, 50, 400)))
    np.savetxt(folder / "alps.txt", np.random.default_rng(0).random((12, 9)))
    trimesh.creation.icosphere(subdivisions=3).export(folder / "bunny.ply")
    for block in blocks(PAGES[page]):
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text)
