"""Which media types registries use for models, and what each says of the bytes."""

from __future__ import annotations

import re
from enum import Enum

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
IMAGE_CONFIGS = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
"""The configuration of what a container runtime unpacks: all its layers are parts of one tree."""
FILE_PATH = "org.cncf.model.filepath"
TITLE = "org.opencontainers.image.title"
UNPACK = "io.deis.oras.content.unpack"
"""What ORAS writes on a folder that it packed."""
SIGNATURES = frozenset(
    {
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.in-toto+json",
        "application/vnd.dsse.envelope.v1+json",
        "application/vnd.dev.cosign.simplesigning.v1+json",
        "application/vnd.dev.cosign.artifact.sig.v1+json",
        "application/vnd.cncf.notary.signature",
        "application/jose+json",
        "application/cose",
    }
)
"""What a referrer is, or its layers are, that somebody signed."""


class Form(Enum):
    """What the bytes of a layer are: one file, a tar of files, or nobody here knows."""

    RAW = "raw"
    TAR = "tar"
    TAR_GZIP = "tar+gzip"
    UNKNOWN = "unknown"


MODELPACK = r"application/vnd\.cncf\.model\.(?:weight|weight\.config|doc|code|dataset)\.v1\."
KITOPS = r"application/vnd\.kitops\.modelkit\.[a-z]+\.v1[.+]"
LAYERS: tuple[tuple[str, Form, str], ...] = (
    (MODELPACK + "(?:raw|gguf|safetensors)", Form.RAW, ""),
    (MODELPACK + "tar", Form.TAR, ""),
    (MODELPACK + r"tar\+gzip", Form.TAR_GZIP, ""),
    (KITOPS + "raw", Form.RAW, ""),
    (KITOPS + "tar", Form.TAR, ""),
    (KITOPS + r"tar\+gzip", Form.TAR_GZIP, ""),
    (r"application/vnd\.docker\.ai\.gguf\.v3", Form.RAW, "model.gguf"),
    (r"application/vnd\.docker\.ai\.model\.file\.v1\+gguf", Form.RAW, "model.gguf"),
    (r"application/vnd\.docker\.ai\.safetensors", Form.RAW, "model.safetensors"),
    (r"application/vnd\.docker\.ai\.mmproj", Form.RAW, "mmproj.gguf"),
    (r"application/vnd\.docker\.ai\.chat\.template\.jinja", Form.RAW, "chat_template.jinja"),
    (r"application/vnd\.docker\.ai\.license", Form.RAW, "LICENSE"),
    (r"application/vnd\.docker\.ai\.(?:vllm\.config|dir)\.tar", Form.TAR, ""),
    (r"application/vnd\.ollama\.image\.model", Form.RAW, "model.gguf"),
    (r"application/vnd\.ollama\.image\.projector", Form.RAW, "mmproj.gguf"),
    (r"application/vnd\.ollama\.image\.adapter", Form.RAW, "adapter.gguf"),
    (r"application/vnd\.ollama\.image\.template", Form.RAW, "template"),
    (r"application/vnd\.ollama\.image\.system", Form.RAW, "system"),
    (r"application/vnd\.ollama\.image\.prompt", Form.RAW, "prompt"),
    (r"application/vnd\.ollama\.image\.params", Form.RAW, "params.json"),
    (r"application/vnd\.ollama\.image\.messages", Form.RAW, "messages.json"),
    (r"application/vnd\.ollama\.image\.license", Form.RAW, "LICENSE"),
)
"""By media type what a layer is, and how its file is called where no annotation says it."""
IMAGE_LAYERS: tuple[tuple[str, Form], ...] = (
    (r"application/vnd\.oci\.image\.layer\.v1\.tar", Form.TAR),
    (r"application/vnd\.oci\.image\.layer\.v1\.tar\+gzip", Form.TAR_GZIP),
    (r"application/vnd\.docker\.image\.rootfs\.diff\.tar", Form.TAR),
    (r"application/vnd\.docker\.image\.rootfs\.diff\.tar\.gzip", Form.TAR_GZIP),
)
"""Of a container image; ORAS gives them to any file, and then says its title."""
PACKED = re.compile(r".*[.+](?:tar|tgz|zip|gzip|zstd|xz|bzip2)(?:\+[a-z]+)?")
"""A type by which somebody may unpack what we would take for one file."""


def form_of(media_type: str) -> tuple[Form, str]:
    """What a layer of this type is, whatever its annotations say, and the name of its file."""
    for pattern, form, name in LAYERS:
        if re.fullmatch(pattern, media_type):
            return form, name
    return Form.UNKNOWN, ""


def image_form(media_type: str) -> Form | None:
    """How a layer of a container image is packed; None for a type that is none."""
    for pattern, form in IMAGE_LAYERS:
        if re.fullmatch(pattern, media_type):
            return form
    return None


def may_be_packed(media_type: str) -> bool:
    """Whether whoever pulls a layer of this type may unpack it."""
    return PACKED.fullmatch(media_type) is not None
