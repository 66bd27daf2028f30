"""The documents keep their promises: links lead somewhere, commands exist, records are complete."""

import re

import pytest
import typer

from ops.cli import app
from tests.contract.source_tree import PACKAGES, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "ops" / "docs").rglob("*.md")])
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
RECORDS = sorted((ROOT / "ops" / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"`tidemark ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
LINE = re.compile(r"^(?:\$ )?tidemark ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)
PAGE_LINES = 60


def named(path):
    return path.relative_to(ROOT).as_posix()


def commands():
    """The command line's words: a group with the names in it, a command with none."""
    group = typer.main.get_group(app)
    return {name: set(getattr(command, "commands", {})) for name, command in group.commands.items()}


def unknown(text):
    known = commands()
    return [
        f"{first} {second}".strip()
        for first, second in [*COMMAND.findall(text), *LINE.findall(text)]
        if first not in known or (known[first] and second and second not in known[first])
    ]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files_that_are_there(page):
    targets = LINK.findall(page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_docs_name_only_commands_that_exist(page):
    assert unknown(page.read_text()) == []


def test_messages_name_only_commands_that_exist():
    lost = {named(path): found for path in SOURCES if (found := unknown(path.read_text()))}

    assert lost == {}


def test_a_command_that_does_not_exist_is_found():
    assert unknown("run `tidemark topics destroy` or `tidemark fly`") == ["topics destroy", "fly"]


def test_decisions_are_numbered_without_holes():
    numbers = [int(record.name.partition("-")[0]) for record in RECORDS]

    assert numbers == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_is_a_page_with_context_decision_consequences_and_what_was_rejected(record):
    lines = record.read_text().splitlines()
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]

    assert lines[0].startswith(f"# {int(record.name[:4])}. ")
    assert [each for each in headings if each != "Limits"] == [
        "Context",
        "Decision",
        "Consequences",
        "Rejected",
    ]
    assert len(lines) <= PAGE_LINES
