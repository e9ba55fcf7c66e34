"""Everything that comes in, of calls and from Megaplan: read, stored once, and watched."""
