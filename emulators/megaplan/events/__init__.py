"""Events: changes of the account, sent to applications."""
