"""What the headers of weights say of parents: safetensors metadata, GGUF keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.claim import Claim, DigestClaim
from provenance.claims.named import named
from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.parsed import Parsed

SD_KEYS = ("ss_sd_model_name", "modelspec.merged_from")
BASE_KEYS = ("base_model", "base_model_name_or_path", "_name_or_path")
ADAPTERS = "lora_adapter_metadata"
"""Where diffusers keeps the configurations of adapters: JSON with a prefix at each key."""
SOURCE_DIGEST = "source_checkpoint_sha256"
SHA256 = re.compile(r"[0-9a-f]{64}")
GGUF_BASE = re.compile(r"general\.base_model\.(\d+)\.(repo_url|url|name|organization)")
GGUF_SOURCE = frozenset(
    {"general.source.url", "general.source.repo_url", "general.source.huggingface.repository"}
)


def safetensors_metadata(file: Parsed) -> Iterator[Claim]:
    """What a trainer of LoRAs or a quantiser left in `__metadata__`."""
    header = file.safetensors
    # What is wrong with a header is the matter of another check.
    metadata = {} if isinstance(header, Malformed) else dict(header.metadata)
    for key in SD_KEYS:
        for text in filter(str.strip, (metadata.get(key) or "").split(",")):
            yield named(file.content, key, text.strip(), relation="adapter", hint=True)
    for key in BASE_KEYS:
        if text := (metadata.get(key) or "").strip():
            yield named(file.content, key, text, hint=True)
    for key, text in _of_adapters(metadata.get(ADAPTERS) or ""):
        yield named(file.content, key, text, relation="adapter", hint=True)
    digest = metadata.get(SOURCE_DIGEST, "").removeprefix("sha256:").lower()
    if SHA256.fullmatch(digest):
        yield DigestClaim(path=file.path, key=SOURCE_DIGEST, sha256=digest)


def _of_adapters(text: str) -> Iterator[tuple[str, str]]:
    """The bases that the configurations of adapters name, each by its key."""
    try:
        table = json.loads(text.encode("utf-8", "replace")) if text else None
    except Malformed:
        return
    for key, value in table.items() if isinstance(table, dict) else ():
        if key.rpartition(".")[2] in BASE_KEYS and isinstance(value, str) and value.strip():
            yield key, value


def gguf_keys(file: Parsed) -> Iterator[Claim]:
    """Where a GGUF says it comes from, never with a commit: its source, whose base may be stated
    too; without a source that base is its own."""
    header = file.gguf
    metadata = () if isinstance(header, Malformed) else header.metadata
    stated = {key: v for key, v in metadata if isinstance(v, str) and v.strip()}
    adapts = stated.get("general.type") == "adapter"
    source = ""
    for key in sorted(stated.keys() & GGUF_SOURCE):
        claim = named(file.content, key, stated[key], relation="quantized")
        source = source or claim.repo or claim.text
        yield claim
    for key, text in _bases(stated):
        yield named(file.content, key, text, relation="adapter" if adapts else None, of=source)


def _bases(stated: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The key and the text of each base: its address, else its organisation and its title.

    A converter makes a title of a name: hyphens become spaces, and the letter case is lost.
    """
    numbers = dict.fromkeys(m[1] for key in stated if (m := GGUF_BASE.fullmatch(key)))
    for number in numbers:
        top = f"general.base_model.{number}"
        url = next((k for k in (f"{top}.repo_url", f"{top}.url") if k in stated), "")
        organisation, name = stated.get(f"{top}.organization"), stated.get(f"{top}.name")
        if url:
            yield url, stated[url]
        elif organisation and name:
            yield f"{top}.name", "/".join("-".join(w.split()) for w in (organisation, name))
