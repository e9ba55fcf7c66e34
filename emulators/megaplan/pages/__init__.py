"""The web page of the account, for people and for screenshots."""
