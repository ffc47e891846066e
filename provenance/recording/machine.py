"""What a run is made with: packages, processors, the container, the run of a CI."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from provenance.produce.uri import is_uri
from provenance.wire.training import Material
from provenance.workspace.materials import Desk, container

PACKAGES = (
    *("accelerate", "axolotl", "bitsandbytes", "datasets", "deepspeed", "flash_attn", "jax"),
    *("lightning", "liger_kernel", "llamafactory", "mergekit", "mlx_lm", "numpy", "peft"),
    *("sentence_transformers", "setfit", "tokenizers", "torch", "torchao", "torchtune"),
    *("transformers", "trl", "unsloth", "vllm", "xformers"),
)
"""By the names under which they are imported."""
CONTAINER = "PROVENANCE_CONTAINER"
RUNS = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
"""Variables in which a CI says where its run is looked at: GitLab, Buildkite, CircleCI, Jenkins."""
GITHUB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
PAGE = re.compile("https?://")
INSTALLED = ".dist-info"
MOST_ACCELERATORS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """How many processes train together, and the seed they begin with, where it is known."""

    world_size: int | None = None
    seed: int | None = None


def environment_of(processes: Processes) -> dict[str, object]:
    """What a statement says of the machine: nothing that names it, its user or its folders."""
    found: dict[str, object] = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "installed": installed(),
        "accelerators": accelerators(),
        "worldSize": processes.world_size,
        "seed": processes.seed,
    }
    return {name: value for name, value in found.items() if value is not None}


def versions() -> dict[str, str]:
    """The packages for training that are imported, each with its version."""
    names = (name for name in PACKAGES if name in sys.modules)
    found = {name: version_of(name) for name in names}
    return {name.replace("_", "-"): known for name, known in found.items() if known}


def version_of(name: str) -> str | None:
    """The version of an installed package, if it is one."""
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):
        return None


def builder_of(*classes: type) -> str:
    """The package URL of the first package that one of these classes is from, else of Python."""
    for one in (base for given in classes for base in given.__mro__):
        name = one.__module__.partition(".")[0]
        known = version_of(name) if name not in sys.stdlib_module_names else None
        if known:
            return f"pkg:pypi/{name.replace('_', '-').lower()}@{known}"
    return f"pkg:generic/python@{platform.python_version()}"


def installed() -> str:
    """A digest over `name==version` of every package that is installed, one a line, sorted.

    By the names of their folders, as pip writes them: reading each one's own words takes seconds.
    """
    found = {name for place in sys.path for name in _names(place) if name.endswith(INSTALLED)}
    parted = (name.removesuffix(INSTALLED).rpartition("-") for name in found)
    text = "".join(sorted(f"{name.lower()}=={version}\n" for name, _, version in parted))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _names(place: str) -> list[str]:
    try:
        return os.listdir(place or ".")
    except OSError:
        return []


def accelerators() -> list[str] | None:
    """The names of the accelerators that torch has found, if it is imported and has begun."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None or not (cuda.is_available() and cuda.is_initialized()):
        return None
    count = min(cuda.device_count(), MOST_ACCELERATORS)
    return [str(cuda.get_device_name(number)) for number in range(count)]


def container_of(desk: Desk) -> tuple[Material, ...]:
    """The container that the caller says this is, or none; ConfigError for one without digest."""
    text = desk.environment.variables.get(CONTAINER, "")
    return (container(text, desk),) if text else ()


def invocation_of(variables: Mapping[str, str]) -> str:
    """Where this run of a CI is looked at; elsewhere a name that nothing else has."""
    server, repository, run = (variables.get(name, "") for name in GITHUB)
    attempt = variables.get("GITHUB_RUN_ATTEMPT", "")
    tail = f"/attempts/{attempt}" if attempt else ""
    said = [f"{server}/{repository}/actions/runs/{run}{tail}"] if repository and run else []
    said += [variables.get(name, "") for name in RUNS]
    return next((one for one in said if PAGE.match(one) and is_uri(one)), uuid.uuid4().urn)
