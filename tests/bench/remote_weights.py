"""What it costs to sample a model of seven billion weights that stays on a Hub.

`python -m tests.bench.remote_weights`. The Hub is the tests' own, on loopback, the file sparse.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Iterator
from math import prod
from pathlib import Path

from provenance.refs import parse
from provenance.source import weighing
from provenance.source.hub.client import Hub as Client
from provenance.source.hub.collect import collect
from provenance.source.hub.release import HubRelease
from provenance.source.remote.sampling import Remote
from provenance.weights.coordinates import Coordinates
from tests import forge
from tests.hub import Hub, Sparse

REPO = "acme/large"
LAYERS, WIDTH, INNER, TOKENS = 32, 4096, 11_008, 32_000
MOST_BYTES, MOST_SECONDS = 10_000_000, 10.0


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """The tensors of a Llama of that size."""
    yield "model.embed_tokens.weight", (TOKENS, WIDTH)
    for number in range(LAYERS):
        layer = f"model.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            yield f"{layer}.self_attn.{name}.weight", (WIDTH, WIDTH)
        for name in ("gate_proj", "up_proj"):
            yield f"{layer}.mlp.{name}.weight", (INNER, WIDTH)
        yield f"{layer}.mlp.down_proj.weight", (WIDTH, INNER)
        yield f"{layer}.input_layernorm.weight", (WIDTH,)
    yield "lm_head.weight", (TOKENS, WIDTH)


def sparse() -> Sparse:
    """All of them as bfloat16, none of which is written."""
    table, end = {}, 0
    for name, shape in shapes():
        begin, end = end, end + 2 * prod(shape)
        table[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(table).encode()
    head = len(text).to_bytes(8, "little") + text
    return Sparse(head=head, size=len(head) + end, sha256="7" * 64)


def main() -> None:
    """Print the figures; an error where they are above what is promised."""
    with tempfile.TemporaryDirectory() as place, Hub(Path(place)) as hub:
        hub.commit(REPO, {"model.safetensors": sparse()})
        client = Client(endpoint=hub.url)
        evidence = collect(client, parse(REPO), at=forge.NOW)
        facts, before = hub.traffic(), len(hub.requests)
        start = time.perf_counter()
        found = weighing.sampled(
            evidence,
            Remote(release=HubRelease.of(client, evidence), evidence=evidence),
            Coordinates(),
        )
        seconds = time.perf_counter() - start
        traffic, requests = hub.traffic() - facts, len(hub.requests) - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(2 * prod(shape) for _, shape in shapes()) / 1e9
    print(
        f"sample of {size:.1f} GB: {traffic / 1e6:.1f} MB of traffic beside {facts / 1e6:.1f} MB "
    )
    print(f"for its facts, {requests} requests, {seconds:.2f} s, {found.sample.values} values, ")
    print(f"peak memory {peak:.0f} MB, with the server's")
    assert traffic + facts < MOST_BYTES
    assert seconds < MOST_SECONDS


if __name__ == "__main__":
    main()
