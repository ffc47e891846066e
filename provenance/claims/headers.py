"""What the headers of weights say of parents: safetensors metadata, GGUF keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.claim import Claim, DigestClaim
from provenance.claims.named import named
from provenance.errors import Malformed
from provenance.formats.parsed import Parsed

SD_KEYS = ("ss_sd_model_name", "modelspec.merged_from")
SOURCE_DIGEST = "source_checkpoint_sha256"
SHA256 = re.compile(r"[0-9a-f]{64}")
GGUF_BASE = re.compile(r"general\.base_model\.\d+\.(repo_url|url)")
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
    digest = metadata.get(SOURCE_DIGEST, "").removeprefix("sha256:").lower()
    if SHA256.fullmatch(digest):
        yield DigestClaim(path=file.path, key=SOURCE_DIGEST, sha256=digest)


def gguf_keys(file: Parsed) -> Iterator[Claim]:
    """Where a GGUF says it comes from: its source, or the base of that, never with a commit."""
    header = file.gguf
    for key, value in () if isinstance(header, Malformed) else header.metadata:
        if isinstance(value, str) and value.strip():
            if key in GGUF_SOURCE:
                yield named(file.content, key, value, relation="quantized")
            elif GGUF_BASE.fullmatch(key):
                yield named(file.content, key, value)
