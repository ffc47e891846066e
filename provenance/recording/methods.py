"""How a trainer trains, by its class or that of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provenance.claims.methods import of_class
from provenance.errors import ConfigError
from provenance.wire.training import Method

NAMED: Mapping[str, Method] = {
    **{
        method.value: method
        for method in (Method.SFT, Method.DPO, Method.KTO, Method.ORPO, Method.GRPO, Method.RLOO)
    },
    "ppo": Method.PPO,
    "iterative-sft": Method.SFT,
    **dict.fromkeys(("reward", "prm"), Method.REWARD),
    **dict.fromkeys(("async-grpo", "gfpo", "gmpo"), Method.GRPO),
    **dict.fromkeys(("distillation", "gkd", "gold", "iw-opd", "minillm"), Method.DISTILL),
}
"""What the methods of trainers are in a statement, where it has a word for them."""
OF_ANY = (Method.FINETUNE, Method.LORA, Method.PRETRAIN)
"""What says nothing of how a model is trained, but what is trained of it or from what."""
NO_TRAINING = frozenset({Method.MERGE, Method.QUANTIZE, Method.CONVERT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The method that the class of a trainer, or of its arguments, stands for; `by` is that class.

    `known` says that it stands for this method alone.
    """

    method: Method = Method.FINETUNE
    by: str = ""
    known: bool = False


def seen(*classes: type) -> Seen:
    """What the first of these classes says that says anything, those it is made from included."""
    for one in (base for given in classes for base in given.__mro__):
        name = f"{one.__module__}.{_arguments(one.__qualname__)}"
        found = of_class(name)
        for method in sorted(found[0]) if found and found[1] else ():
            if method in NAMED:
                return Seen(method=NAMED[method], by=full_name(one), known=True)
    return Seen(by=full_name(classes[0]) if classes else "")


def full_name(of: type) -> str:
    """The class with the module that it is in."""
    return f"{of.__module__}.{of.__qualname__}"


def chosen(stated: Method | None, found: Seen, *, adapter: bool, parents: int) -> Method:
    """The method of a statement: what the caller said, else what was seen; ConfigError where one
    contradicts the other."""
    if stated is None and not parents:
        message = (
            "what the model was loaded from is not known: name it, parents=['./base'], or say "
        )
        raise ConfigError(f"{message}method='pretrain' if it begins with nothing", path="parents")
    if stated is None:
        return found.method
    if stated is Method.LORA and not adapter:
        message = "expected a model with an adapter, found one that is trained as a whole: leave "
        raise ConfigError(f"{message}method out, or say how it is trained", path="method")
    wrong = found.known and stated not in (found.method, *OF_ANY)
    if wrong or (found.by and stated in NO_TRAINING):
        raise ConfigError(
            f"expected {found.method.value!r}, as {found.by} trains, found {stated.value!r}: leave "
            "method out, and what is seen is said",
            path="method",
        )
    return stated


def _arguments(name: str) -> str:
    """The class of the arguments that goes with a trainer."""
    stem = name.removesuffix("Trainer")
    return f"{stem}Config" if stem != name else name
