"""What opens a bucket: by its scheme, from the caller's variables, over https."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from provenance.errors import ConfigError
from provenance.source.bucket.words import QUERY, said_by
from provenance.source.exchange import PRIVATE_CA
from provenance.source.remote.store import StoreOptions
from provenance.trust.reading import is_url

ANSWER, WHOLE = timedelta(seconds=20), timedelta(days=1)
CLIENT: Mapping[str, Any] = {"connect_timeout": ANSWER, "read_timeout": ANSWER, "timeout": WHOLE}
RETRY: Mapping[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
REGION = "us-east-1"
VIRTUAL = "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"
TRUE = frozenset({"1", "true", "on", "yes", "y"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of bucket: which variables of the caller say how it is opened.

    `endpoints` name another server than the maker's own, the first that is set counts; `own` is the
    maker's, and `keys` what the server is said to obstore by, which else reads those of this
    process. `step` is what a caller types who may not read yet.
    """

    maker: type[S3Store] | type[GCSStore] | type[AzureStore]
    names: frozenset[str]
    endpoints: tuple[str, ...]
    keys: tuple[str, ...]
    own: str
    step: str

    def config(self, variables: Mapping[str, str]) -> dict[str, str]:
        """What obstore is told; ConfigError for a server that may not be asked so."""
        found = {name: variables[name] for name in sorted(self.names) if variables.get(name)}
        region = found.get("AWS_REGION") or found.get("AWS_DEFAULT_REGION") or REGION
        name = next((name for name in self.endpoints if variables.get(name)), "")
        server = _checked(name, variables[name]) if name else self.own.format(region=region)
        return found | (dict.fromkeys(self.keys, server) if server else {})


KINDS: Mapping[str, Kind] = {
    "s3": Kind(
        maker=S3Store,
        names=frozenset(
            {
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_REGION",
                "AWS_DEFAULT_REGION",
                "AWS_SKIP_SIGNATURE",
                "AWS_REQUEST_PAYER",
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_ROLE_ARN",
                "AWS_ROLE_SESSION_NAME",
                "AWS_ENDPOINT_URL_STS",
                "AWS_METADATA_ENDPOINT",
                "AWS_IMDSV1_FALLBACK",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            }
        ),
        endpoints=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        keys=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        own="https://s3.{region}.amazonaws.com",
        step=(
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (of a profile: "
            'eval "$(aws configure export-credentials --format env)"), or AWS_SKIP_SIGNATURE=true '
            "for a public bucket"
        ),
    ),
    "gs": Kind(
        maker=GCSStore,
        names=frozenset(
            {
                "GOOGLE_SERVICE_ACCOUNT",
                "GOOGLE_SERVICE_ACCOUNT_PATH",
                "GOOGLE_SERVICE_ACCOUNT_KEY",
                "GOOGLE_APPLICATION_CREDENTIALS",
                "GOOGLE_BEARER_TOKEN",
                "GOOGLE_SKIP_SIGNATURE",
            }
        ),
        endpoints=("GOOGLE_BASE_URL",),
        keys=("GOOGLE_BASE_URL",),
        own="https://storage.googleapis.com",
        step="type `gcloud auth application-default login`, or set GOOGLE_SKIP_SIGNATURE=true "
        "for a public bucket",
    ),
    "az": Kind(
        maker=AzureStore,
        names=frozenset(
            {
                "AZURE_STORAGE_ACCOUNT_NAME",
                "AZURE_STORAGE_ACCOUNT_KEY",
                "AZURE_STORAGE_ACCESS_KEY",
                "AZURE_STORAGE_MASTER_KEY",
                "AZURE_STORAGE_CLIENT_ID",
                "AZURE_STORAGE_CLIENT_SECRET",
                "AZURE_STORAGE_TENANT_ID",
                "AZURE_CLIENT_ID",
                "AZURE_CLIENT_SECRET",
                "AZURE_TENANT_ID",
                "AZURE_AUTHORITY_HOST",
                "AZURE_STORAGE_SAS_KEY",
                "AZURE_STORAGE_SAS_TOKEN",
                "AZURE_STORAGE_TOKEN",
                "AZURE_FEDERATED_TOKEN_FILE",
                "AZURE_USE_AZURE_CLI",
                "AZURE_SKIP_SIGNATURE",
                "AZURE_MSI_ENDPOINT",
                "AZURE_IDENTITY_ENDPOINT",
            }
        ),
        endpoints=("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
        keys=("AZURE_STORAGE_ENDPOINT",),
        own="",
        step="set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_SAS_TOKEN or "
        "AZURE_USE_AZURE_CLI=true",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A prefix of a bucket, and how it is opened; `authorities` are a PEM file of those who may
    vouch for a server beside those whom this machine trusts."""

    source: str
    kind: Kind
    bucket: str
    prefix: str
    config: Mapping[str, str]
    authorities: str | None = None

    @property
    def server(self) -> str:
        """The address of who keeps it; empty for one that its account names."""
        return self.config.get(self.kind.keys[0], "")

    def says(self, name: str) -> bool:
        """Whether the caller's variable of this name is switched on."""
        return self.config.get(name, "").strip().lower() in TRUE

    def store(self) -> ObjectStore:
        """What obstore reads below the prefix with; ConfigError for what it cannot be opened by."""
        return self._made(self.config, self.prefix.rstrip("/") or None)

    def at(self, url: str) -> S3Store:
        """What signs questions to one address of S3; ConfigError as above."""
        own = dict.fromkeys(self.kind.keys, url)
        made = self._made({**self.config, **own, VIRTUAL: "true"}, None)
        if not isinstance(made, S3Store):
            raise ConfigError("expected a bucket of S3", path=self.source)
        return made

    def _made(self, config: Mapping[str, str], prefix: str | None) -> ObjectStore:
        make: Any = self.kind.maker
        try:
            made: ObjectStore = make(
                self.bucket,
                prefix=prefix,
                config=dict(config),
                client_options=self._client,
                retry_config=dict(RETRY),
            )
        except (BaseError, ValueError, OSError) as error:
            said = f"cannot be opened: {said_by(error)}; {self.kind.step}"
            raise ConfigError(said, path=self.source) from None
        return made

    @property
    def _client(self) -> dict[str, Any]:
        own = dict(CLIENT)
        if self.server.startswith("http://"):
            own["allow_http"] = True
        if self.authorities:
            own["root_certificate"] = Path(self.authorities).read_bytes()
        return own


def place(source: str, options: StoreOptions) -> Place:
    """The prefix of a bucket that `scheme://bucket/prefix` names.

    ConfigError for a server that is asked neither over https nor on this machine.
    """
    scheme, _, rest = source.partition("://")
    bucket, _, inner = rest.partition("/")
    kind, variables = KINDS[scheme], options.variables
    prefix = inner.strip("/")
    if inner and set(prefix.split("/")) & {"", ".", ".."}:
        raise ConfigError("expected a prefix without .. and double slashes", path=source)
    return Place(
        source=source,
        kind=kind,
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        config=kind.config(variables),
        authorities=variables.get(PRIVATE_CA) or None,
    )


def _checked(name: str, url: str) -> str:
    if is_url(url) and not QUERY.search(url) and "@" not in url:
        return url.rstrip("/")
    expected = "expected https://host, or http:// of this machine"
    raise ConfigError(f"{expected}, found {urlsplit(url).scheme[:20]!r}: correct it", path=name)
