"""A local Megaplan account: API v3 as the real one speaks it, its refusals and oddities included."""
