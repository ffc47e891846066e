"""A PKCS#11 token on this machine: SoftHSM, where Debian's package `softhsm2` is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from provenance.keys import PublicKey
from tests import forge

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
)
MODULE = next((path for path in MODULES if path.exists()), None)
TOOL = shutil.which("softhsm2-util")
needed = pytest.mark.skipif(
    not (MODULE and TOOL), reason="needs SoftHSM: apt-get install softhsm2 (CI installs it)"
)
PIN, OFFICER = "1234", "5678"


@dataclass(frozen=True)
class Token:
    """Tokens whose files lie in `folder`; the first is called `release`."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Token:
        """One token, and nothing in it."""
        (folder / "tokens").mkdir(parents=True)
        conf = f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n"
        (folder / "softhsm2.conf").write_text(conf)
        token = cls(folder)
        token.add("release")
        return token

    @property
    def variables(self) -> Mapping[str, str]:
        """Where SoftHSM and provenance find it."""
        conf = str(self.folder / "softhsm2.conf")
        return {"SOFTHSM2_CONF": conf, "PKCS11_MODULE_PATH": str(MODULE)}

    def add(self, label: str) -> None:
        """One token more, and nothing in it."""
        words = ("--label", label, "--pin", PIN, "--so-pin", OFFICER)
        self._tool("--init-token", "--free", *words)

    def put(self, name: str, kind: str = "P-256", *, label: str = "k", number: str = "01") -> None:
        """The key of `tests/forge.py` of this name lies in the token."""
        self.put_pem(forge.pem(forge.key(name, kind)), label=label, number=number)

    def put_pem(self, text: bytes, *, label: str = "k", number: str = "01") -> None:
        """The key of a PKCS #8 text lies in the token."""
        file = self.folder / f"{number}.pem"
        file.write_bytes(text)
        words = ("--token", "release", "--pin", PIN, "--label", label, "--id", number)
        self._tool("--import", str(file), *words)

    def generated(self, file: Path, label: str = "made") -> PublicKey:
        """The public half, written to `file`, of a key that OpenSC's tool has the token make."""
        tool = ["pkcs11-tool", "--module", str(MODULE), "--token-label", "release", "--login"]
        made = ["--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", "07"]
        shown = ["--read-object", "--type", "pubkey", "--id", "07", "--output-file", str(file)]
        for words in (made, shown):
            subprocess.run(
                [*tool, "--pin", PIN, *words],
                env={**os.environ, **self.variables},
                check=True,
                capture_output=True,
            )
        return PublicKey.from_der(file.read_bytes())

    def _tool(self, *words: str) -> None:
        assert TOOL
        subprocess.run([TOOL, *words], env=dict(self.variables), check=True, capture_output=True)
