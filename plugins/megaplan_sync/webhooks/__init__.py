"""Webhooks of Megaplan: which account they are from, and reading again the entities that they name."""
