"""A folder that Python takes for vLLM, with stubs of all that is heavy.

Its registration of plugins and of loaders is vLLM's own where a wheel is at hand (PROVENANCE_VLLM
names it), and a small one in its place where not.
"""

from __future__ import annotations

import ast
import os
import shutil
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAND = Path(__file__).parent / "stand"
WHEEL = os.environ.get("PROVENANCE_VLLM", "")
PLUGINS, LOADERS = "vllm/plugins/__init__.py", "vllm/model_executor/model_loader/__init__.py"
GROUP = "vllm.general_plugins"
BASE = "from vllm.model_executor.model_loader.base_loader import BaseModelLoader\n"
STUB = "class {0}(BaseModelLoader): ...\n"


def entry() -> str:
    """What pyproject.toml says of the plugin."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (line,) = document["project"]["entry-points"][GROUP].items()
    return " = ".join(line)


def site(folder: Path, plugin: str) -> Path:
    """The folder, in which the package has this plugin, instead of the one that is installed; none
    of an empty word."""
    shutil.copytree(STAND, folder)
    info = folder / "hf_provenance-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hf-provenance\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{plugin}\n" if plugin else "")
    if WHEEL:
        with zipfile.ZipFile(WHEEL) as wheel:
            for path in (PLUGINS, LOADERS):
                (folder / path).write_bytes(wheel.read(path))
        for module, names in _imported(folder / LOADERS):
            place = folder / f"{module.replace('.', '/')}.py"
            if not place.exists() and not place.with_suffix("").is_dir():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(BASE + "".join(map(STUB.format, names)))
    return folder


def _imported(module: Path) -> Iterator[tuple[str, list[str]]]:
    """What a module of vLLM imports of others of it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vllm."):
            yield node.module or "", [alias.name for alias in node.names]
