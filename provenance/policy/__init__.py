"""What the caller asks of a model. Nothing here does I/O."""

from provenance.policy.allowances import CodeAllowance, Exemption, Waiver, is_subject
from provenance.policy.document import BUILTIN, Model, Settings
from provenance.policy.levels import (
    DEFAULT_LEVELS,
    NEVER_LOWERED,
    PROFILES,
    Demand,
    Profile,
    may_lower,
)
from provenance.policy.policy import Policy
from provenance.policy.table import CHECKS
from provenance.policy.training import TrainingDemands

__all__ = [
    "BUILTIN",
    "CHECKS",
    "DEFAULT_LEVELS",
    "NEVER_LOWERED",
    "PROFILES",
    "CodeAllowance",
    "Demand",
    "Exemption",
    "Model",
    "Policy",
    "Profile",
    "Settings",
    "TrainingDemands",
    "Waiver",
    "is_subject",
    "may_lower",
]
