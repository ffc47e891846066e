"""`provenance registry pin`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from provenance.cli.options import here
from provenance.cli.registry.editing import show_difference
from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.policy import Settings
from provenance.registry.editing import Edit
from provenance.registry.file import read_text
from provenance.registry.remote import read_root
from provenance.registry.shelf import parsed
from provenance.source.files import write, write_bytes
from provenance.trust.reading import is_url
from provenance.workspace import settings as files

ROOT_FILE = "trust-root.json"


@click.command(name="pin")
@click.argument("url")
@click.option(
    "--root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The root.json that its maintainers handed out.",
)
def command(url: str, root: Path) -> None:
    """Trust the registry at URL, beginning at this root: commit what it writes.

    Copies the root to trust-root.json and names both in provenance.toml, which it makes if there is
    none. Nothing is asked of the network.
    """
    if not is_url(url):
        raise ConfigError(f"expected an https URL, found {url!r}")
    data = read_text(root).encode()
    version = read_root(data, str(root)).signed.version
    file = _settings_file()
    text = read_text(file) if os.path.lexists(file) else ""
    new = _pinned(text, url, file)
    Settings.from_table(parsed(new, file.name), source=file.name)
    write_bytes(file.parent / ROOT_FILE, data)
    write(file, new)
    show_difference(Edit(file=Path(file.name), old=text, new=new))
    click.echo(f"pinned {url} by its root version {version}: commit {file.name} and {ROOT_FILE}")


def _settings_file() -> Path:
    found = files.find(Path.cwd(), (), home=here().environment.home).path
    if found and found.name != files.FILE_NAME:
        raise ConfigError(
            "has your settings: edit it and set registry and registry_root", path=str(found)
        )
    return found or Path.cwd() / files.FILE_NAME


def _pinned(text: str, url: str, file: Path) -> str:
    """The text with the registry named first, before those that it names already, and its root."""
    policy = parsed(text, file.name).get("policy", {})
    own = dict(policy) if isinstance(policy, dict) else {}
    named = own.get("registry", [])
    others = [n for n in named if n != url] if isinstance(named, list) else []
    if own.get("registry_root", ROOT_FILE) != ROOT_FILE or any(map(is_url, others)):
        raise ConfigError("names another root already: edit registry_root", path=f"{file}: policy")
    try:
        text = toml.with_value(text, "policy", "registry", [url, *others])
        return toml.with_value(text, "policy", "registry_root", ROOT_FILE)
    except toml.Unspliced as error:
        click.echo(f'[policy]\nregistry = ["{url}"]\nregistry_root = "{ROOT_FILE}"')
        raise ConfigError(f"{error}: put this into it", path=str(file)) from None
