"""Whether the shape of one tensor can come from another's of the same role.

Inside numbered layers it must be the same, but for buffers, positions, channels that go in and
fewer experts. Outside of them stands what faces the world: a vocabulary, labels, channels and
positions are a matter of use, a width is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.weights.packing import BNB8, SCALED, fits_packed
from provenance.weights.roles import FLOATS, ShapeOf, Tensor

WHOLE = ("", BNB8, SCALED)
"""The packings that leave a weight its shape."""


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[._])(?:{'|'.join(words)})(?=[._]|$)")


VOCABULARY = _words(
    r"embed_tokens\w*|word_embeddings?|wte|tok_embeddings|tokens?_embed\w*|shared|lm_heads?"
    r"|embed_out|embed_in|output_embeddings?|vocab\w*|final_logits_bias|codebook\w*|predictions?"
    r"|generator_lm_head|text_embed\w*"
)
EMBEDDING = _words(r"emb|embed|embeds|embeddings?")
POSITION = _words(
    r"positions?|wpe|pos_embed\w*|pos_emb|rel_pos\w*|rel_embeddings|relative\w*|rotary\w*|rope\w*"
    r"|inv_freq|masked_bias|attn_mask|mask|distance_embedding|attention_biases|alibi|token_type\w*"
    r"|\w*_tokens?|latents|embed_positions|positional\w*|query_tokens|temporal_embed\w*"
)
TYPES = _words("token_type_embeddings")
HEAD = _words(
    r"(?:\w+_)?heads?|(?:\w+_)?classifiers?|scores?|(?:\w+_)?predictors?|predictions|cls|fc"
    r"|qa_outputs|project_q|project_hid|quantizer|projector|ctc\w*|(?:bbox|class|label|mask)_embed"
    r"|logits\w*|regress\w*|summary|seq_relationship|label_emb\w*|classification"
)
INPUT = _words(r"patch\w*|x_embed\w*|img_in|conv_in|stem|conv1|proj_in|cond\w*|context_embed\w*")
OUTPUT = _words(r"conv_out|proj_out|final_layer|norm_out")
CONNECT = _words(r"(?:\w+_)?(?:projector|projection|connector|resampler|aligner)")
NORM = re.compile(r"norm|(?:^|[._])ln")
CHANNELS = 16
"""As many channels a picture, a sound or a latent has at most; a hidden layer has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Whether it fits, None where that cannot be told; `said` is what differs and may."""

    holds: bool | None
    said: str = ""


YES, NO, UNTOLD = Fit(holds=True), Fit(holds=False), Fit(holds=None)


def fit(role: str, ours: Tensor, theirs: Tensor) -> Fit:
    """Whether the one can come from the other, which has the same role."""
    if ours.packing not in WHOLE or theirs.packing not in WHOLE:
        return Fit(holds=_packed(ours, theirs))
    if not (_plain(ours) and _plain(theirs)):
        return UNTOLD
    if ours.shape == theirs.shape:
        return YES
    here, there = _squeezed(ours.shape), _squeezed(theirs.shape)
    if here == there:
        return YES
    stem, numbered, _ = role.partition("#")
    if HEAD.search(stem) and not VOCABULARY.search(role):
        return Fit(holds=None, said=f"a head of another shape: {_module(role)}")
    if numbered:
        return _inside(role, ours, theirs, here, there)
    return _outside(role, here, there)


def _plain(tensor: Tensor) -> bool:
    return tensor.dtype in FLOATS or tensor.dtype.startswith("F8") or tensor.packing in WHOLE[1:]


def _packed(ours: Tensor, theirs: Tensor) -> bool | None:
    """Two packed ones are compared with nothing; one, with what it was packed from."""
    if ours.packing not in WHOLE and theirs.packing not in WHOLE:
        same = (ours.packing, ours.dtype, ours.shape) == (
            theirs.packing,
            theirs.dtype,
            theirs.shape,
        )
        return True if same else None
    small, plain = (theirs, ours) if ours.packing in WHOLE else (ours, theirs)
    return fits_packed(small.packing, small.dtype, small.shape, plain.shape)


def _squeezed(shape: ShapeOf) -> ShapeOf:
    """Without the axes of one: a convolution of one point is a matrix."""
    return tuple(number for number in shape if number != 1)


def _module(role: str) -> str:
    return re.sub(r"\.(?:weight|bias)$", "", role)


def _differs(here: ShapeOf, there: ShapeOf) -> list[int]:
    """The axes that differ; none where the number of axes does, which is another matter."""
    pairs = enumerate(zip(here, there, strict=False))
    return [n for n, (a, b) in pairs if a != b] if len(here) == len(there) else []


def _position(role: str, here: ShapeOf, there: ShapeOf) -> Fit:
    if len(here) == len(there) == 2 and here[1] != there[1]:
        return NO
    if max(len(here), len(there)) > 2 and "bias" not in role and not set(here) & set(there):
        return NO
    return Fit(holds=None, said=_grown("positions", here, there))


def _grown(what: str, here: ShapeOf, there: ShapeOf) -> str:
    axes = _differs(here, there)
    return f"{what} {there[axes[0]]} -> {here[axes[0]]}" if axes else f"{what} of another number"


def _inside(role: str, ours: Tensor, theirs: Tensor, here: ShapeOf, there: ShapeOf) -> Fit:
    axes = _differs(here, there)
    if POSITION.search(role) or (role.endswith(".bias") and len(ours.shape) > 2):
        return _position(role, here, there)
    if VOCABULARY.search(role) and axes == [0] and "norm" not in role:
        return Fit(holds=True, said=_grown("vocabulary", here, there))
    if "per_layer" in role:
        return UNTOLD
    if axes == [0] and here[0] < there[0] and _of_experts(role, theirs):
        return Fit(holds=True, said=f"{here[0]} of {there[0]} experts")
    if _first_convolution(ours, theirs):
        return Fit(holds=True, said=f"input channels {theirs.shape[1]} -> {ours.shape[1]}")
    turned = re.search(r"\.c_\w+\.weight$|\.q_attn\.weight$", role) and here == there[::-1]
    return YES if turned or _moved(ours.shape, theirs.shape, "experts" in role) else NO


def _of_experts(role: str, theirs: Tensor) -> bool:
    """A router, or experts in one tensor: its first axis is of the experts."""
    if re.search(r"(?:^|\.)experts\.", role):
        return "experts.#" not in role and len(theirs.shape) >= 2
    return bool(re.search(r"\.(?:gate|router|wg|e_score_correction_bias)(?=\.|$)", role))


def _first_convolution(ours: Tensor, theirs: Tensor) -> bool:
    """The first of a sequence, and only the channels that go in differ."""
    first = not set(re.findall(r"(?:(?<=\.)|^)\d+(?=\.)", ours.name)) - {"0"}
    kernel = len(ours.shape) == len(theirs.shape) >= 3
    few = kernel and 1 < max(ours.shape[1], theirs.shape[1]) <= CHANNELS
    return first and few and _differs(ours.shape, theirs.shape) == [1]


def _moved(here: ShapeOf, there: ShapeOf, experts: bool) -> bool:
    """Whether only the place of the channels in a kernel differs, or of an expert's two axes."""
    if len(here) != len(there) or len(here) < 3:
        return False
    if experts and len(here) == 3:
        return here == (there[0], there[2], there[1])
    last = (there[0], *there[2:], there[1])
    return here == last or there == (here[0], *here[2:], here[1])


def _outside(role: str, here: ShapeOf, there: ShapeOf) -> Fit:
    axes, module = _differs(here, there), _module(role)
    if TYPES.search(role) and axes == [0]:
        return Fit(holds=True, said=_grown("token types", here, there))
    if POSITION.search(role) and not VOCABULARY.search(role):
        return _position(role, here, there)
    if INPUT.search(role) and axes in ([0], [1]) and len(here) != 1:
        return Fit(holds=axes == [1], said=_grown("input channels", here, there))
    if VOCABULARY.search(role) or EMBEDDING.search(role):
        open_axis = axes == [0] and not NORM.search(role.rpartition(".")[0].rpartition(".")[2])
        return Fit(holds=True, said=_grown("vocabulary", here, there)) if open_axis else NO
    if role.endswith(".bias") and len(here) == len(there) == 1 and not NORM.search(module):
        return UNTOLD
    if OUTPUT.search(role) and axes == [0]:
        return Fit(holds=True, said=_grown("output channels", here, there))
    if CONNECT.search(role) and len(axes) == 1:
        return Fit(holds=None, said=f"another shape: {module}")
    return YES if _moved(here, there, False) else NO
