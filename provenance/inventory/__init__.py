"""How the models on a machine stand to lockfile and registry: known, unknown, changed, revoked."""

from provenance.inventory.known import Known
from provenance.inventory.standing import REVOKED, kept
from provenance.inventory.values import Inventory, Kept, State

__all__ = ["REVOKED", "Inventory", "Kept", "Known", "State", "kept"]
