"""How the cost of each hostile input grows: twice the input, how many times the work.

`python -m tests.bench.growth` prints seconds and their ratio for every input at its full size;
`--small` a tenth of that. A ratio near 2 is linear, near 4 quadratic.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provenance.formats import content, safetensors
from provenance.formats.content import MAX_CARD
from provenance.judgement import judge
from provenance.model import Evidence
from provenance.policy import Model, Policy, Settings
from provenance.source.names import oddities
from provenance.trust import Registry
from tests import forge
from tests.claims.models import evidence
from tests.hubs import card

REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="bench"
)
POLICY = Policy.of(Settings(), Model(name="acme/m", repo="acme/m"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """An input of any size, what is done with it, and the size at which it was found."""

    make: Callable[[int], Any]
    work: Callable[[Any], object]
    size: int


def verdict(given: Evidence) -> object:
    """The whole judgement."""
    return judge(given, POLICY, REGISTRY)


def header(text: bytes, rest: int) -> tuple[bytes, int]:
    """The beginning of a safetensors file, and the file's size."""
    return len(text).to_bytes(8, "little") + text, 8 + len(text) + rest


def parsed(given: tuple[bytes, int]) -> object:
    """The header, read."""
    return safetensors.parse(*given)


def opened(data: bytes) -> object:
    """A file, looked into."""
    return content.read(io.BytesIO(data), "model.zip", len(data), limit=16 << 20)


def tensors(count: int) -> tuple[bytes, int]:
    """As many tensors, one after the other."""
    table = {
        f"w{n}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * n, 4 * n + 4]}
        for n in range(count)
    }
    return header(json.dumps(table).encode(), 4 * count)


def minus_signs(count: int) -> tuple[bytes, int]:
    """A text in the metadata that looks like so many negative zeros."""
    return header(json.dumps({"__metadata__": {"note": "-0" * (count // 2)}}).encode(), 0)


def members(count: int) -> bytes:
    """A zip of as many empty members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(count):
            archive.writestr(f"arrays/{number}.npy", b"")
    return held.getvalue()


def adapters(count: int) -> Evidence:
    """As many adapters, each of a base of its own."""
    return evidence(
        {
            f"a{n}/adapter_config.json": json.dumps({"base_model_name_or_path": f"b/{n}"}).encode()
            for n in range(count)
        }
    )


def parts(count: int) -> Evidence:
    """One configuration that names as many models."""
    rows = [{"_name_or_path": f"org/n{n}"} for n in range(count)]
    return evidence({"config.json": json.dumps({"parts": rows}).encode()})


def lines(text: str) -> Callable[[int], Evidence]:
    """A card of as many such lines, as far as a card is read."""
    return lambda count: evidence(
        {"README.md": "".join(text.format(n) for n in range(count)).encode()[:MAX_CARD]}
    )


def tags(count: int) -> Evidence:
    """A card with as many tags that name a base."""
    rows = "\n".join(f"- base_model:org/n{n}" for n in range(count))
    return evidence({"README.md": card(f"tags:\n{rows}")})


def files(count: int) -> Evidence:
    """As many small files."""
    return evidence({f"folder/f{n}.json": b"{}" for n in range(count)})


def documents(path: str, row: str) -> Callable[[int], Evidence]:
    """A document of as many such rows."""
    return lambda count: evidence({path: "".join(row.format(n) for n in range(count)).encode()})


def packages(count: int) -> Evidence:
    """As many folders of code, each with its own requirements."""
    code = {f"a{n}/m.py": b"" for n in range(count)}
    return evidence({**code, **{f"a{n}/requirements.txt": b"x" for n in range(count)}})


def merged(count: int) -> Evidence:
    """A card with mergekit's list of as many models."""
    rows = "".join(f"* {LINK.format(n)}\n" for n in range(count))
    text = f"The following models were included in the merge:\n{rows}"
    return evidence({"README.md": text.encode()[:MAX_CARD]})


LINK = "[a/b{0}](https://huggingface.co/a/b{0})"
CASES = {
    "tensors in one header": Case(make=tensors, work=parsed, size=280_000),
    "minus signs in one header": Case(make=minus_signs, work=parsed, size=4_000_000),
    "members of one zip": Case(make=members, work=opened, size=30_000),
    "adapters beside each other": Case(make=adapters, work=verdict, size=1_000),
    "names in one configuration": Case(make=parts, work=verdict, size=60_000),
    "sentences in one card": Case(
        make=lines(f"This is a fine-tuned version of {LINK}.\n"), work=verdict, size=10_000
    ),
    "models in one merge": Case(make=merged, work=verdict, size=10_000),
    "names in one card": Case(make=lines("acme/m{0}-7b, a base\n"), work=verdict, size=10_000),
    "words before no name": Case(
        make=lines("fine-tuned version of the "), work=verdict, size=40_000
    ),
    "brackets in one card": Case(make=lines("["), work=verdict, size=MAX_CARD),
    "open links in one card": Case(make=lines("[a]("), work=verdict, size=MAX_CARD // 4),
    "stars in one card": Case(make=lines("**"), work=verdict, size=MAX_CARD // 2),
    "underscores in one card": Case(make=lines("_"), work=verdict, size=MAX_CARD),
    "backticks in one card": Case(make=lines("`"), work=verdict, size=MAX_CARD),
    "comments in one card": Case(make=lines("<!-- {0}"), work=verdict, size=100_000),
    "fences in one card": Case(make=lines("```yaml\n"), work=verdict, size=MAX_CARD // 8),
    "blocks in one card": Case(
        make=lines("---\nbase_model: acme/m{0}\n"), work=verdict, size=40_000
    ),
    "methods in one card": Case(make=lines("trained with SFT and "), work=verdict, size=40_000),
    "rows of one merge": Case(
        make=lines("This is a merge of the following models:\n* acme/m{0}\n"),
        work=verdict,
        size=10_000,
    ),
    "tags of one card": Case(make=tags, work=verdict, size=20_000),
    "files of one repository": Case(make=files, work=verdict, size=10_000),
    "anchors of one YAML": Case(
        make=documents("config.yaml", "a{0}: &a{0} {{_target_: *a{0}, b: [*a{0}]}}\n"),
        work=verdict,
        size=16_000,
    ),
    "calls in one YAML": Case(
        make=documents("config.yaml", "a{0}: {{_target_: torch.nn.A{0}}}\n"),
        work=verdict,
        size=20_000,
    ),
    "pairs of one INI": Case(
        make=documents("config.cfg", "[s{0}]\n@misc = evil{0}\n"), work=verdict, size=20_000
    ),
    "tables of one TOML": Case(
        make=documents("a.toml", '[s{0}]\n_target_ = "evil{0}"\n'), work=verdict, size=6_000
    ),
    "packages with requirements": Case(make=packages, work=verdict, size=2_000),
    "names in one listing": Case(
        make=lambda count: [f"folder/{n:07}.json" for n in range(count)],
        work=lambda names: list(oddities(names)),
        size=60_000,
    ),
}


def calls(case: Case, size: int) -> int:
    """How many calls of functions the work takes: the same on every machine."""
    given, count = case.make(size), 0

    def called(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        case.work(given)
    finally:
        sys.setprofile(None)
    return count


def seconds(case: Case, size: int) -> float:
    """How long the work takes."""
    given = case.make(size)
    begun = time.perf_counter()
    case.work(given)
    return time.perf_counter() - begun


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the size")
    share = 10 if parser.parse_args().small else 1
    for title, case in CASES.items():
        size = case.size // share
        half, whole = seconds(case, size // 2), seconds(case, size)
        print(f"{size:9} {title:28} {whole:7.2f} s  {whole / half:5.2f} x of half", flush=True)


if __name__ == "__main__":
    main()
