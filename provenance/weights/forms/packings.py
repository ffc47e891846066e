"""Which tensors hold a weight together: by the names and types that the tools of packing write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from provenance.weights.forms import bitsandbytes, ggml, grouped, microscaled, scaled
from provenance.weights.forms.form import Form
from provenance.weights.stored import Stored
from provenance.weights.values import DECODERS

FORMS: Mapping[str, Form] = {
    "plain": scaled.PLAIN,
    "scaled": scaled.SCALED,
    "packed": scaled.PACKED,
    "GPTQ": grouped.GPTQ,
    "AWQ": grouped.AWQ,
    "MLX": grouped.MLX,
    "bitsandbytes": bitsandbytes.FOUR,
    "MXFP4": microscaled.MXFP4,
    "NVFP4": microscaled.NVFP4,
    "GGML": ggml.GGML,
}
"""How lines are read, by the name of the form."""
EIGHT = ("I8", "U8", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """A weight whose main tensor ends in `main`, of one of `dtypes` if any are named.

    Of each group in `needs` one must be beside it, in place of the main's ending or behind its
    name; `may` are further ones. `forms` are tried until the shapes fit; none: not documented, or
    not read here.
    """

    name: str
    main: str
    dtypes: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    may: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()


W = ".weight"
SCALES = (
    ".weight_scale",
    ".weight_scale_inv",
    ".scale",
    ".scale_weight",
    "_scale",
    "_scale_inv",
    ".weight.scale",
)
PACKINGS: tuple[Packing, ...] = (
    Packing(
        name="bitsandbytes 4 bit",
        main=W,
        dtypes=("U8",),
        needs=((".weight.absmax",), (".weight.quant_map",), bitsandbytes.STATE_OF_WEIGHT),
        may=(".weight.nested_absmax", ".weight.nested_quant_map"),
        forms=("bitsandbytes",),
    ),
    Packing(
        name="bitsandbytes 8 bit",
        main=W,
        dtypes=("I8",),
        needs=((".SCB",),),
        may=(".weight_format",),
        forms=("scaled",),
    ),
    Packing(
        name="GPTQ or AWQ",
        main=".qweight",
        dtypes=("I32",),
        needs=((".qzeros",), (".scales",)),
        may=(".g_idx",),
        forms=("GPTQ", "AWQ"),
    ),
    Packing(
        name="8 bit with scales",
        main=".qweight",
        dtypes=EIGHT,
        needs=((".scale", ".scales"),),
        forms=("scaled",),
    ),
    Packing(
        name="NVFP4",
        main=".weight_packed",
        dtypes=("U8",),
        needs=((".weight_scale",), (".weight_global_scale",)),
        may=(".input_global_scale",),
        forms=("NVFP4",),
    ),
    Packing(
        name="NVFP4",
        main=W,
        dtypes=("U8",),
        needs=((".weight_scale",), (".weight_scale_2",)),
        may=(".input_scale",),
        forms=("NVFP4",),
    ),
    Packing(
        name="compressed-tensors",
        main=".weight_packed",
        dtypes=("I32",),
        needs=((".weight_scale",),),
        may=(".weight_zero_point", ".weight_g_idx", ".weight_shape"),
        forms=("packed",),
    ),
    Packing(
        name="MLX",
        main=W,
        dtypes=("U32",),
        needs=((".scales",), (".biases",)),
        forms=("MLX",),
    ),
    Packing(
        name="MXFP4",
        main="_blocks",
        dtypes=("U8",),
        needs=(("_scales",),),
        forms=("MXFP4",),
    ),
    *(
        Packing(
            name="quantised ONNX",
            main=main,
            dtypes=EIGHT,
            needs=(("_scale",),),
            may=("_zero_point",),
            forms=("scaled",),
        )
        for main in ("_quantized", "_q")
    ),
    Packing(name="MatMulNBits", main="_Q4"),
    Packing(
        name="8 bit with scales",
        main=W,
        dtypes=EIGHT,
        needs=(SCALES,),
        may=(".weight_zero_point", ".input_scale", ".input_zero_point"),
        forms=("scaled",),
    ),
    Packing(
        name="8 bit with scales",
        main="",
        dtypes=EIGHT,
        needs=(("_scale", "_scale_inv", ".scale", "_weight_scale"),),
        may=("_zero_point", ".zero_point"),
        forms=("scaled",),
    ),
    Packing(name="HQQ", main=".W_q", needs=((".scale", ".zero", ".meta"),)),
    Packing(name="quanto", main=".weight._data"),
    Packing(name="torchao", main="._weight_qdata"),
    Packing(name="torchao", main=".weight:qdata"),
    Packing(name="EXL2", main=".q_weight"),
    Packing(name="EXL3", main=".trellis"),
    Packing(name="AQLM", main=".codes", needs=((".codebooks",),)),
    Packing(name="QuIP#", main=".Qidxs"),
    Packing(name="VPTQ", main=".indices", needs=((".centroids.weight",),)),
    Packing(name="bitsandbytes 4 bit", main=W, dtypes=("U8",), needs=((".weight.absmax",),)),
    Packing(name="GPTQ or AWQ", main=".qweight"),
    Packing(name="compressed-tensors", main=".weight_packed"),
    Packing(name="words of 32 bits", main=W, dtypes=("I32", "U32")),
)
"""The first that fits says what a tensor is."""
PLAIN = frozenset({"F32", "F16", "BF16", "F64"})
"""The types of weights that need nothing beside them."""
OTHER = ("F6", "C64", "Q", "IQ", "TQ", "NVFP", "type ")
"""How the types of weights begin that are not read here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What holds one weight: `name` is that of the weight, whatever its main tensor is called."""

    name: str
    main: Stored
    beside: tuple[Stored, ...] = ()
    packing: str = ""
    forms: tuple[str, ...] = ("plain",)


@dataclass(frozen=True, kw_only=True)
class Names:
    """Every tensor by its folder and name; of several the one in the same file comes first."""

    by_place: dict[tuple[str, str], Stored] = field(default_factory=dict)

    def add(self, one: Stored) -> None:
        """One more tensor."""
        self.by_place[one.path, one.name] = one
        self.by_place.setdefault((_folder(one), one.name), one)

    def beside(self, main: Stored, name: str) -> Stored | None:
        """The tensor of that name nearest to another one."""
        found = self.by_place.get((main.path, name))
        return found or self.by_place.get((_folder(main), name))


def weights(stored: Iterable[Stored]) -> Iterator[Weight]:
    """The weights that tensors hold, without those that only help to read others."""
    some = tuple(stored)
    names = Names()
    if any(_may_be_packed(one) for one in some):
        for one in some:
            names.add(one)
    found = [weight for one in some if (weight := _weight(one, names)) is not None]
    helping = {(one.path, one.name) for weight in found for one in weight.beside}
    yield from (w for w in found if not helping or (w.main.path, w.main.name) not in helping)


def _may_be_packed(one: Stored) -> bool:
    """Whether its values may say nothing without others beside it."""
    return len(one.shape) > 1 and one.dtype not in PLAIN and one.dtype not in ggml.TYPES


def _folder(one: Stored) -> str:
    return one.path.rpartition("/")[0] + "/"


def _weight(one: Stored, names: Names) -> Weight | None:
    """What a tensor is by itself or with others; None where it holds no matrix."""
    if len(one.shape) < 2:
        return None
    if one.dtype in ggml.TYPES:
        return Weight(name=one.name, main=one, forms=("GGML",))
    if one.dtype in PLAIN:
        return Weight(name=one.name, main=one)
    for packing in PACKINGS:
        if weight := _packed(one, packing, names):
            return weight
    if one.dtype in DECODERS:
        return Weight(name=one.name, main=one)
    other = one.dtype.startswith(OTHER)
    return Weight(name=one.name, main=one, packing=one.dtype, forms=()) if other else None


def _packed(one: Stored, packing: Packing, names: Names) -> Weight | None:
    if not one.name.endswith(packing.main) or (packing.dtypes and one.dtype not in packing.dtypes):
        return None
    stem = one.name.removesuffix(packing.main) if packing.main else one.name
    beside: list[Stored] = []
    for group in packing.needs:
        found = next((t for tail in group if (t := names.beside(one, stem + tail))), None)
        if found is None:
            return None
        beside.append(found)
    beside += [t for tail in packing.may if (t := names.beside(one, stem + tail))]
    return Weight(
        name=_name(stem, packing.main),
        main=one,
        beside=tuple(beside),
        packing=packing.name,
        forms=packing.forms,
    )


def _name(stem: str, main: str) -> str:
    """The name that the weight has where it is not packed."""
    bare = main in ("_blocks", "", "_quantized", "_q") or stem.endswith("weight")
    return stem if bare else f"{stem}.weight"
