"""Webhooks of Megaplan: what they say, whose they are, and reading again what they name."""
