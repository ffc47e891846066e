"""Templates are compared as a model reads them, line by line, wherever they lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from provenance.model import Ref
from provenance.review import Patch, Side, review_of
from provenance.source import directory
from tests import forge
from tests.claims.test_code import gguf

OLD = "{%- for m in messages %}\n{{ m.content }}\n{%- endfor %}"
NEW = OLD.replace("m.content", "m.content | trim")
LINES = ("-{{ m.content }}", "+{{ m.content | trim }}")


def document(template: object) -> bytes:
    return json.dumps({"model_max_length": 8, "chat_template": template}).encode()


def named(*texts: str) -> list[dict[str, str]]:
    return [{"name": f"t{n}", "template": text} for n, text in enumerate(texts)]


def side(folder: Path, files: Mapping[str, bytes]) -> Side:
    forge.write(folder, {**forge.MODEL, **files})
    evidence = directory.collect(folder, ref=Ref(text="m"), at=forge.NOW)
    return Side(name="m", files=evidence.manifest, evidence=evidence)


def differences(place: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[Patch]:
    found = review_of("m", side(place / "old", old), side(place / "new", new))
    return [patch for section in found.sections for patch in section.patches]


PLACES: Mapping[str, tuple[str, bytes, bytes, str]] = {
    "in JSON": (
        "tokenizer_config.json",
        document(OLD),
        document(NEW),
        "tokenizer_config.json: chat_template",
    ),
    "one of several": (
        "tokenizer_config.json",
        document(named(OLD, OLD)),
        document(named(OLD, NEW)),
        "tokenizer_config.json: chat_template t1",
    ),
    "alone": ("chat_template.jinja", OLD.encode(), NEW.encode(), "chat_template.jinja"),
    "in GGUF": (
        "m.gguf",
        gguf("tokenizer.chat_template", OLD),
        gguf("tokenizer.chat_template", NEW),
        "m.gguf: tokenizer.chat_template",
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_template_is_compared_line_by_line(tmp_path: Path, case: str) -> None:
    path, old, new, name = PLACES[case]
    (patch,) = differences(tmp_path, {path: old}, {path: new})
    assert patch.path == name
    assert tuple(line for line in patch.lines[2:] if line[0] in "+-") == LINES


UNNAMED: Mapping[str, object] = {
    "a number": 7,
    "more than name and template": [{"name": "a", "template": OLD, "tools": True}],
    "a table": {"default": OLD},
    "a name that is none": [{"name": 1, "template": OLD}],
    "one name twice": [*named(OLD), *named(NEW)],
}


@pytest.mark.parametrize("case", UNNAMED)
def test_what_is_in_no_known_form_is_shown_as_it_is(tmp_path: Path, case: str) -> None:
    path = "tokenizer_config.json"
    both = {path: document(OLD)}, {path: document(UNNAMED[case])}
    shown = {patch.path: patch.lines for patch in differences(tmp_path, *both)}
    assert any(line.startswith('+  "chat_template": ') for line in shown[path])


def test_what_is_beside_a_template_is_compared_too(tmp_path: Path) -> None:
    old, new = {"chat_template": OLD, "eos": "a"}, {"chat_template": NEW, "eos": "b"}
    path = "tokenizer_config.json"
    both = [{path: json.dumps(one).encode()} for one in (old, new)]
    shown = {patch.path: patch.lines for patch in differences(tmp_path, *both)}
    assert set(shown) == {path, f"{path}: chat_template"}
    assert '+  "eos": "b"' in shown[path]


def test_line_ends_alone_are_a_change_all_the_same(tmp_path: Path) -> None:
    old, new = side(tmp_path / "a", {"x.py": b"a\nb\n"}), side(tmp_path / "b", {"x.py": b"a\r\nb"})
    (section,) = review_of("m", old, new).sections
    assert [(change.name, change.what) for change in section.changes] == [("x.py", "changed")]
    assert section.patches == ()
