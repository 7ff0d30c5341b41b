# No warning of the SDK's is exempt.
ALLOWED=()
# Only the pebble engine can check references. The runs that check use it;
# those for comparing files use SQLite, where the SDK says that it did not.
UNCHECKED=(--allow-warning "store engine lacks the inspection surface")

# Annotations that our file does not keep, because readers older than they are
# cannot decode them: instructions for the host, and newer traits.
ROUTING=(--drop TypeScopedGrants --drop TypeScopedEntitlements --drop NonHumanIdentityTrait
    --drop LicenseProfileTrait --drop AgentTrait --drop OptInRequired --drop CapabilityPermissions)
