"""What the site takes from elsewhere: README as its first page, the studies' answers, and the reference.

Links lead from file to file in the repository; here they are made to lead from page to page.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from reference import write_pages

ROOT = Path(__file__).parents[1]
PAGES, FIRST = "docs/pages", "index.md"
ANSWERS = (".md", ".png", ".gif", ".csv")
LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(?=[)#])")


def on_config(config: MkDocsConfig) -> None:
    """Put every study into the navigation."""
    for entry in config.nav or ():
        for title, pages in entry.items():
            if isinstance(pages, list):
                entry[title] = [found for page in pages for found in expand(page)]


def expand(page: object) -> list:
    """A pattern as the files of the repository that it stands for; anything else as itself."""
    if not isinstance(page, str) or "*" not in page:
        return [page]
    return [{file.parent.name: file.relative_to(ROOT).as_posix()} for file in sorted(ROOT.glob(page))]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what does not lie below docs/pages."""
    files.append(File.generated(config, FIRST, content=(ROOT / "README.md").read_text()))
    for file in sorted(ROOT.glob("experiments/*/*")):
        if file.suffix in ANSWERS:
            place = file.relative_to(ROOT).as_posix()
            level = InclusionLevel.UNDEFINED if file.name == "README.md" else InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, place, abs_src_path=str(file), inclusion=level))
    for place, text in write_pages().items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where their targets are in the site."""
    here = page.file.src_uri
    if page.parent is None:
        page.meta["hide"] = ["navigation"]  # there are no pages beside it
    folder = posixpath.dirname(find_source(here))

    def relink(match: re.Match[str]) -> str:
        there = find_place(posixpath.normpath(posixpath.join(folder, match[1])))
        return posixpath.relpath(there, posixpath.dirname(here) or ".")

    return LINK.sub(relink, markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the index of the search as a script too: pages that are opened from a folder may read no other files."""
    index = Path(config.site_dir, "search/search_index.json")
    index.with_suffix(".js").write_text(f"var __index = {index.read_text()}")


def find_source(place: str) -> str:
    """Where in the repository a page of the site is from."""
    if place == FIRST:
        return "README.md"
    return place if place.startswith("experiments/") else f"{PAGES}/{place}"


def find_place(source: str) -> str:
    """Where in the site a file of the repository is."""
    return FIRST if source == "README.md" else source.removeprefix(f"{PAGES}/")
