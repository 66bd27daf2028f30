"""Every setting is in `.env.example` and in the README, and nothing else is."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name.upper() for name in Settings.model_fields]


def example():
    """The settings of `.env.example` in order: name, comment above it, value."""
    found, comment = [], []
    for line in (ROOT / ".env.example").read_text().splitlines():
        if match := re.fullmatch(r"# ([A-Z_]+)=(.*)", line):
            found.append((match[1], " ".join(comment), match[2]))
        comment = [*comment, line[2:]] if line and not match else []
    return found


def written(default):
    """A default as it stands in an environment file."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return "" if default is None else str(default)


def test_the_example_lists_exactly_the_settings():
    assert [name for name, _, _ in example()] == NAMES


def test_the_example_gives_each_setting_its_description_and_default():
    for (_, comment, value), (name, field) in zip(
        example(), Settings.model_fields.items(), strict=True
    ):
        assert comment == field.description, name
        assert field.default is not PydanticUndefined, name
        assert value == written(field.default), name


def test_the_readme_has_a_row_for_exactly_the_settings():
    rows = re.findall(r"^\| `([A-Z][A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(NAMES)
