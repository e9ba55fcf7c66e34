"""What all lanes share: accounts, sessions, the account's lock and request budget, errors, certificates."""
