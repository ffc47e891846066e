"""What a caller's folder means: settings, registries, sources, lockfile, and the work on them."""

from provenance.errors import OutOfDate
from provenance.registry.editing import Edit
from provenance.status import Status
from provenance.workspace.adding import Added, Addition
from provenance.workspace.environment import Environment
from provenance.workspace.exempting import Setting
from provenance.workspace.fetching import Fetched
from provenance.workspace.locking import Locked, LockOptions
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.source_options import SourceOptions
from provenance.workspace.updating import Updated
from provenance.workspace.verifying import Verification
from provenance.workspace.workspace import Workspace

__all__ = [
    "Added",
    "Addition",
    "Edit",
    "Environment",
    "Fetched",
    "LockOptions",
    "Locked",
    "OutOfDate",
    "Request",
    "Session",
    "Setting",
    "SourceOptions",
    "Status",
    "Updated",
    "Verification",
    "Workspace",
]
