"""From the layers of a manifest to the files of a model."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.model import LONG
from provenance.source.limits import Limits
from provenance.source.oci.client import Repository
from provenance.source.oci.manifest import Descriptor, Manifest
from provenance.source.oci.media import (
    FILE_PATH,
    IMAGE_CONFIGS,
    TITLE,
    UNPACK,
    Form,
    form_of,
    image_form,
    may_be_packed,
)
from provenance.source.oci.tree import Piece, Tree
from provenance.source.oci.unpacking import Unpacking
from provenance.source.remote.budget import Beyond, RequestBudget
from provenance.source.remote.listed import Listed

GZIPPED = (".gz", ".tgz")
UNPACKED = (
    "layer {}… has the type {!r}, which is not unpacked here; what it holds is not known: push it "
    "again with gzip (an image: buildah push --compression-format gzip)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one layer is, and how its file is called if it is one; `image` is a container's."""

    form: Form
    path: str = ""
    image: bool = False


def read(layer: Descriptor, config: Descriptor) -> Layer:
    """What a layer is, by its media type, its annotations and what kind of artifact it is of.

    A file is called as `org.cncf.model.filepath` says, else as `org.opencontainers.image.title`;
    with such a title ORAS gives the type of an image's layer to any file. A folder it packs, and
    says so, or in Python only by gzip.
    """
    title = layer.annotations.get(TITLE, "")
    path = layer.annotations.get(FILE_PATH, "") or title
    packed = image_form(layer.media_type)
    if packed and config.media_type in IMAGE_CONFIGS:
        return Layer(form=packed, image=True)
    is_file = packed is Form.TAR or path.endswith(GZIPPED)
    if packed and path and is_file and layer.annotations.get(UNPACK) != "true":
        return Layer(form=Form.RAW, path=path)
    if packed:
        return Layer(form=packed)
    form, name = form_of(layer.media_type)
    if form is Form.UNKNOWN and path and not may_be_packed(layer.media_type):
        return Layer(form=Form.RAW, path=path)
    return Layer(form=form, path=path or name)


def laid(
    repository: Repository, manifest: Manifest, limits: Limits, account: RequestBudget
) -> Tree:
    """The files of the artifact; layers that are tars are read to their end, each by a question.

    Raises SourceError where the registry does not answer, or with other bytes than it names.
    """
    tree = Tree(limits=limits)
    unpacking = Unpacking(repository=repository, tree=tree, room=limits.kept)
    for number, layer in enumerate(manifest.layers):
        found = read(layer, manifest.config)
        if found.form in (Form.TAR, Form.TAR_GZIP) and layer.sha256:
            try:
                account.spend()
            except Beyond as error:
                tree.see("limit", "", f"{len(manifest.layers)} layers: {error}")
                break
            packed = found.form is Form.TAR_GZIP
            unpacking.read(layer, number, packed=packed, image=found.image)
        else:
            _file(tree, layer, number, found)
    tree.settle()
    return tree


def _file(tree: Tree, layer: Descriptor, number: int, found: Layer) -> None:
    """A layer that is one file, or is taken for one as nobody knows better.

    What is said to be packed, and not in a way that is read here, is none: whoever pulls it has
    other files.
    """
    if found.form is Form.UNKNOWN and may_be_packed(layer.media_type):
        detail = UNPACKED.format(layer.digest[:19], layer.media_type[:100])
        tree.see("unreadable", found.path[:LONG], detail)
        return
    stated = FILE_PATH in layer.annotations or TITLE in layer.annotations
    path = (found.path if stated else _free(tree, found.path)) or layer.digest.replace(":", "-")
    _put(tree, layer, number, path)
    if found.form is Form.RAW:
        _check_names(tree, layer)
    else:
        detail = f"its media type {layer.media_type[:100]!r} is not known here"
        tree.see("unreadable", path[:LONG], f"{detail}: whoever pulls it may unpack it")


def _put(tree: Tree, layer: Descriptor, number: int, path: str) -> None:
    entry = Listed(path=path, size=layer.size, sha256=layer.sha256)
    piece = Piece(blob=layer.digest, whole=layer.size, offset=0, size=layer.size)
    tree.put(entry, piece, number)
    if not layer.sha256:
        detail = f"the manifest names it by {layer.digest.partition(':')[0]}, expected sha256"
        tree.see(
            "undeclared", path[:LONG], f"{detail}: pack the artifact again, or lock with --measure"
        )


def _check_names(tree: Tree, layer: Descriptor) -> None:
    """That two annotations name one file, as far as both are there."""
    path, title = (layer.annotations.get(key, "") for key in (FILE_PATH, TITLE))
    if path and title and path != title and path.rpartition("/")[2] != title:
        detail = f"the annotation {TITLE} calls it {title[:100]!r}: which one is used is chance"
        tree.see("contradiction", path[:LONG], detail)


def _free(tree: Tree, name: str) -> str:
    """The name, or where it is taken one with a number, as no annotation says another."""
    if not name:
        return name
    stem, dot, suffix = name.partition(".")
    number, found = tree.numbers.get(name, 1), name
    while found in tree.entries:
        number += 1
        found = f"{stem}-{number}{dot}{suffix}"
    tree.numbers[name] = number
    return found
