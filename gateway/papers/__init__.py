"""Who speaks, who pays, under which policy, in which run: plain frozen objects that the hot path reads."""

from .papers import HOUSE, ROLES, Key, Role, Run, Tenant
from .profile import Hosting, Profile, RestoreArguments, caps_of, resolve

__all__ = [
    "HOUSE",
    "ROLES",
    "Hosting",
    "Key",
    "Profile",
    "RestoreArguments",
    "Role",
    "Run",
    "Tenant",
    "caps_of",
    "resolve",
]
