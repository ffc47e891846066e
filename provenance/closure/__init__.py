"""What loading a model fetches by name from elsewhere: the members of its closure."""

from provenance.closure.claim import MemberClaim
from provenance.closure.claims import member_claims
from provenance.closure.members import Wanted, unresolved_members

__all__ = ["MemberClaim", "Wanted", "member_claims", "unresolved_members"]
