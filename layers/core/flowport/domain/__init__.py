"""Pure rules: the job life cycle, identifiers, credentials, payloads. Standard library only."""
