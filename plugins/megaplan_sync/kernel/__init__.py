"""What every lane stands on: accounts, sessions, the account's lock and request budget, errors, certificates."""
