"""A local Megaplan account: API v3 as the real service answers it, refusals and oddities included."""
